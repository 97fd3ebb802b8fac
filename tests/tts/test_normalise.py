from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicebot.tts.normalise import speakable, speakable_sentences
from voicebot.tts.sentences import MAX_CHARACTERS
from voicebot.tts.spelling import spell, spell_phone


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("Your order ORD 1234 has shipped.", "Your order O R D, 1 2 3 4 has shipped."),
        ("ORD-123456", "O R D, 1 2 3, 4 5 6"),
        ("order number 12345678", "order number 1 2 3 4, 5 6 7 8"),
        ("order 1234 is two", "order 1 2 3 4 is two"),
        ("Your code is 1234.", "Your code is 1 2 3 4."),
        ("Ticket #42", "Ticket 4 2"),
        ("PIN 0042", "PIN 0 0 4 2"),
        ("AB12CD34", "A, B, 1 2, C D, 3 4"),
        ("0151", "0 1 5 1"),
        ("MP3, B2B, 4K and COVID-19", "MP3, B2B, 4K and COVID-19"),
        ("order 12 pieces", "order 12 pieces"),
        ("order no. 1042", "order no. 1 0 4 2"),
        ("Orders 1042 and 1043 left.", "Orders 1 0 4 2 and 1 0 4 3 left."),
        ("Order numbers 1042, 1043, and 1044.", "Order numbers 1 0 4 2, 1 0 4 3, and 1 0 4 4."),
        ("order 10-4233", "order 1 0, 4 2 3 3"),
        ("order 10-12 pieces", "order 10 to 12 pieces"),
        ("id ABC-1042-X", "id A, B C, 1 0 4 2, X"),
        ("card 4111-1111-1111-1111", "card 4 1 1 1, 1 1 1 1, 1 1 1 1, 1 1 1 1"),
        ("1234 5678 9012 3456", "1 2 3 4, 5 6 7 8, 9 0 1 2, 3 4 5 6"),
        ("tracking number 9400 1000 0000 00", "tracking number 9 4 0 0, 1 0 0 0, 0 0 0 0, 0 0"),
        ("999-99-9999", "9 9 9, 9 9, 9 9 9 9"),
        ("94107-1234", "9 4 1, 0 7, 1 2 3 4"),
        ("the card ending in 4242", "the card ending in 4 2 4 2"),
        ("ext. 2041", "extension 2 0 4 1"),
        ("Ticket #4, we are #1", "Ticket number 4, we are number 1"),
        ("Hang up and call 911.", "Hang up and call 9 1 1."),
        ("call 100 people", "call 100 people"),
        ("1,234,567 people", "1,234,567 people"),
        ("order number 104-233", "order number 1 0 4, 2 3 3"),
        ("id 12345 67890", "id 1 2 3, 4 5, 6 7 8, 9 0"),
        ("PO# 104233", "PO 1 0 4, 2 3 3"),
        ("Order ord-4412, order ORD_4412", "Order O R D, 4 4 1 2, order O R D, 4 4 1 2"),
        ("Invoice #INV-2024-0042", "Invoice I N V, 2 0 2 4, 0 0 4 2"),
        ("Ref. no. 12345", "Ref. no. 1 2 3, 4 5"),
        ("Your number is 4412.", "Your number is 4 4 1 2."),
        ("12345 is your order number.", "1 2 3, 4 5 is your order number."),
        ("100 is the limit", "100 is the limit"),
        ("London NW1 6XE or SW1A 1AA", "London N W, 1, 6, X E or S W, 1, A, 1, A, A"),
        ("DE89 3704 0044 0532 0130 00", "D E, 8 9, 3 7 0 4, 0 0 4 4, 0 5 3 2, 0 1 3 0, 0 0"),
        ("ID42 CALL BACK SOON", "ID42 CALL BACK SOON"),
        ("Nr. 5", "number 5"),
        ("order 1234567890", "order 1 2 3, 4 5 6, 7 8 9 0"),
        ("X1Y2 and 1234XY", "X, 1, Y, 2 and 1 2 3 4, X Y"),
        ("a B2B firm with 24H and MP3", "a B2B firm with 24H and MP3"),
    ],
)
def test_codes_are_read_character_by_character(written: str, spoken: str) -> None:
    """Order numbers and codes are spelled in groups; names with a digit in them are left alone."""
    assert speakable(written) == spoken


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("$12.50", "12 dollars and 50 cents"),
        ("$1", "1 dollar"),
        ("$1000000", "1,000,000 dollars"),
        ("$1,234.56.", "1234 dollars and 56 cents."),
        ("€5", "5 euros"),
        ("£3.01", "3 pounds and 1 penny"),
        ("£0.50", "50 pence"),
        ("$0", "0 dollars"),
        ("12 EUR", "12 euros"),
        ("$5 million", "5 million dollars"),
        ("15% off", "15 percent off"),
        ("12.5 %", "12.5 percent"),
        ("$12.5", "12 dollars and 50 cents"),
        ("$1.5 million.", "1.5 million dollars."),
        ("$1.5M or £5k", "1.5 million dollars or 5 thousand pounds"),
        ("$3.456", "3.456 dollars"),
        ("$1234567.89", "1,234,567 dollars and 89 cents"),
        ("$12,345,678", "12,345,678 dollars"),
        ("$10-$20", "10 to 20 dollars"),
        ("$10–20.", "10 to 20 dollars."),
        ("$1.50 - $2", "1 dollar and 50 cents to 2 dollars"),
        ("-$5, $-5", "minus 5 dollars, minus 5 dollars"),
        ("USD 20 and EUR 20.50", "20 dollars and 20 euros and 50 cents"),
        ("A$20, CAD 1", "20 Australian dollars, 1 Canadian dollar"),
        ("12,50 € or €1.299,00", "12 euros and 50 cents or 1299 euros"),
        ("¥500, ₹2.50, 1 ¢", "500 yen, 2 rupees and 50 paise, 1 cent"),
        ("$12.50/month", "12 dollars and 50 cents per month"),
        ("20$ or 5 $.", "20 dollars or 5 dollars."),
        ("20 £5 vouchers", "20 5 pounds vouchers"),
        ("1'000 CHF, 1 234,56 €, €1 000 000", "1000 Swiss francs, 1234 euros and 56 cents, 1,000,000 euros"),
        ("$5 for 101 200 people", "5 dollars for 101 200 people"),
        ("EUR 5,- or 1299.-", "5 euros or 1299"),
        ("₹1,00,000", "100000 rupees"),
        (
            "NZ$5, HK$1, S$2, MX$20",
            "5 New Zealand dollars, 1 Hong Kong dollar, 2 Singapore dollars, 20 Mexican pesos",
        ),
        ("R$ 50,50 and 5 zł", "50 reais and 50 centavos and 5 zlotys"),
        ("20 SEK, PLN 1, ₩5000", "20 Swedish kronor, 1 zloty, 5000 won"),
        ("$5.00/mo. or $50/yr.", "5 dollars per month or 50 dollars per year."),
        ("5%-10%, +15%", "5 percent to 10 percent, +15 percent"),
        ("€1 = $1.08", "1 euro equals 1 dollar and 8 cents"),
    ],
)
def test_money_and_percent_are_said_in_words(written: str, spoken: str) -> None:
    """Amounts are said with their currency behind them, in the singular where there is one."""
    assert speakable(written) == spoken


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("2026-11-20", "November 20th, 20 26"),
        ("11/20/2026", "November 20th, 20 26"),
        ("2001-02-03", "February 3rd, 2001"),
        ("1905-01-01", "January 1st, 19 oh 5"),
        ("1900-01-12", "January 12th, 19 hundred"),
        ("2010-03-22", "March 22nd, 20 10"),
        ("2015-03-01", "March 1st, 20 15"),
        ("by 2/29, by 2/30", "by February 29th, by 2/30"),
        ("due DEC 2026, not MAY 2026 or AUGUST 2026", "due DEC 2026, not MAY 2026 or AUGUST 2026"),
        ("2026-13-45", "2026-13-45"),
        ("2026-02-30", "2026-02-30"),
        ("on Nov 20", "on November 20"),
        ("20 Nov. 2026", "20 November 2026"),
        ("9:00", "9 o'clock"),
        ("at 9:05 and 17:30", "at 9 oh 5 and 17 30"),
        ("00:00", "midnight"),
        ("18:00-24:00, not 24:30", "18 hundred to midnight, not 24:30"),
        ("12:00 to 13:10", "12 o'clock to 13 10"),
        ("17:00", "17 hundred"),
        ("9:00 am to 5 pm", "9 a.m. to 5 p.m."),
        ("9:30 PM", "9 30 p.m."),
        ("until 5 p.m.", "until 5 p.m."),
        ("Mon-Fri 9:00-17:30, Sat 10am-4pm.", "Monday to Friday 9 o'clock to 17 30, Saturday 10 a.m. to 4 p.m."),
        ("24/7", "24 7"),
        ("10-12 days", "10 to 12 days"),
        ("2026-11-20T15:30:00Z", "November 20th, 20 26 at 15 30 UTC"),
        ("2026-11-20T09:05:00.123+02:00", "November 20th, 20 26 at 9 oh 5"),
        ("2026-11-20 15:30.", "November 20th, 20 26 at 15 30."),
        ("11/20/26", "November 20th, 20 26"),
        ("20/11/2026", "November 20th, 20 26"),
        ("11-20-2026", "November 20th, 20 26"),
        ("20.11.2026.", "November 20th, 20 26."),
        ("31.4.2026", "31.4.2026"),
        ("192.168.1.1", "192.168.1.1"),
        ("3.30pm", "3 30 p.m."),
        ("9 a.m. - 5 p.m.", "9 a.m. to 5 p.m."),
        ("9:00—17:30, 9:15 am — 5 pm", "9 o'clock to 17 30, 9 15 a.m. to 5 p.m."),
        ("on 20 Nov. we close", "on 20 November we close"),
        ("Monday-Friday", "Monday to Friday"),
        ("Jan-Mar, May – July", "January to March, May to July"),
        ("2024-2026", "2024 to 2026"),
        ("1850–1900", "1850 to 1900"),
        ("1,000-2,000 units", "1,000 to 2,000 units"),
        ("I am here.", "I am here."),
        ("by 12/24, due 13/2, on 24/7, by 3/4", "by December 24th, due February 13th, on 24 7, by 3/4"),
        ("the 1990s, the 1800s, the 2010s, the 2000s", "the 19 90s, the 18 hundreds, the 20 10s, the 2000s"),
        ("9-5, M-F", "9 to 5, Monday to Friday"),
        ("On Sat. we close, on Sun too; the Sun", "On Saturday we close, on Sunday too; the Sun"),
        ("50/50, 24/7/365", "50 50, 24 7"),
    ],
)
def test_dates_and_times_are_said_as_people_say_them(written: str, spoken: str) -> None:
    """Dates by name of the month and years in pairs, times by the clock; what is no date is left."""
    assert speakable(written) == spoken


def test_british_dates_put_the_day_first() -> None:
    """The same digits are another day in Britain, and said in another order; a key has another name."""
    assert speakable("2026-11-20", "en-gb") == "the 20th of November 20 26"
    assert speakable("2026-11-20", "en-GB") == "the 20th of November 20 26"
    assert speakable("Press #.", "en-gb") == "Press hash."
    assert speakable("by 3/12", "en-gb") == "by the 3rd of December"
    assert speakable("by 2/13", "en-gb") == "by the 13th of February"
    assert speakable("11/20/2026", "en-gb") == "the 20th of November 20 26"
    assert speakable("03/04/2026", "en-gb") == "the 3rd of April 20 26"
    assert speakable("03/04/2026", "en-us") == "March 4th, 20 26"


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("+1 (415) 555-0132", "+ 1, 4 1 5, 5 5 5, 0 1 3 2"),
        ("+14155550132", "+ 1, 4 1 5, 5 5 5, 0 1 3 2"),
        ("+442079460958", "+ 4 4, 2 0, 7 9 4 6, 0 9 5 8"),
        ("415-555-0132", "4 1 5, 5 5 5, 0 1 3 2"),
        ("(415) 555-0132", "4 1 5, 5 5 5, 0 1 3 2"),
        ("1-800-555-0199", "1, 8 0 0, 5 5 5, 0 1 9 9"),
        ("555-0132", "5 5 5, 0 1 3 2"),
        ("+999999", "+ 9 9 9, 9 9 9"),
        ("+10", "+10"),
        ("555-0132 ext 4", "5 5 5, 0 1 3 2 extension 4"),
        ("+1-415-555-0132 x204", "+ 1, 4 1 5, 5 5 5, 0 1 3 2 extension 2 0 4"),
        ("tel:+14155550132", "+ 1, 4 1 5, 5 5 5, 0 1 3 2"),
    ],
)
def test_phone_numbers_are_read_in_groups(written: str, spoken: str) -> None:
    """Digit by digit, grouped as the number's country writes it."""
    assert speakable(f"Call {written} now") == f"Call {spoken} now"


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("jane.doe@example.co.uk", "jane dot doe at example dot co dot uk"),
        ("https://www.bot.example/help/", "bot dot example slash help"),
        ("Mhm. Let me see, mm-hmm, hmm, 3 mm.", "Um hum. Let me see, um hum, hmm, 3 millimeters."),
        ("Dr. Smith & Mr. Jones", "Doctor Smith and Mister Jones"),
        ("e.g. No. 5", "for example number 5"),
        ("yes/no and/or", "yes or no and or"),
        ("2 kg, 1 km", "2 kilograms, 1 kilometer"),
        ("-5 degrees", "minus 5 degrees"),
        ("*bold* and _thin_", "bold and thin"),
        ("hi \U0001f600 there\x00\x07", "hi there"),
        ("it’s", "it's"),
        (
            "https://example.com/a?x=1&y=2#z",
            "example dot com slash a question mark x equals 1 and y equals 2 hash z",
        ),
        ("See example.com/help.", "See example dot com slash help."),
        ("at the end.com", "at the end dot com"),
        ("20°C, -5 °F, 1°", "20 degrees Celsius, minus 5 degrees Fahrenheit, 1 degree"),
        (
            "6 ft, 1 ft, 100 m², 60 mph, 5km/h",
            "6 feet, 1 foot, 100 square meters, 60 miles per hour, 5 kilometers per hour",
        ),
        ("3 calls/day, yes/no", "3 calls per day, yes or no"),
        ("TCP/IP and I/O", "TCP IP and I O"),
        ("Press * or press the #, not #5.", "Press star or press the pound, not number 5."),
        ("w/ milk, w/o sugar", "with milk, without sugar"),
        ("2 1/2 hours, 1½, ¾", "2 and a half hours, 1 and a half, three quarters"),
        ("1/2, 11/20", "1/2, 11/20"),
        ("Dr. Lee, 4 Elm Dr.", "Doctor Lee, 4 Elm Drive"),
        ("shipped without CO2", "shipped without C O 2"),
        (
            "St. James is at 12 Main St. Boston, not Main St.",
            "Saint James is at 12 Main Street Boston, not Main Street",
        ),
        ("<speak>Hi <break time='1s'/><b>you</b></speak>", "Hi you"),
        ("Tom &amp; Jerry", "Tom and Jerry"),
        ("a < b", "a b"),
        ("3 PM → 5 PM", "3 p.m. to 5 p.m."),
        ("12 Baker St, London; St James", "12 Baker Street, London; Saint James"),
        ("5 Rue St-Denis, St.-Tropez", "5 Rue Saint Denis, Saint Tropez"),
        ("5th Ave, 3 Elm Rd., Apt. 5, Apt 7", "5th Avenue, 3 Elm Road, Apartment 5, Apartment 7"),
        ("max. 5, min. 2, 5 min. more", "maximum 5, minimum 2, 5 minutes more"),
        ("c/o Jane, b/c, N/A", "care of Jane, because, not available"),
        ("0 to speak to us, * to repeat, # to end.", "0 to speak to us, star to repeat, pound to end."),
        ("a VIP by UPS. LED, COD 12", "a V.I.P. by U.P.S. L.E.D., C.O.D. 12"),
    ],
)
def test_other_written_forms_become_words(written: str, spoken: str) -> None:
    """Addresses, abbreviations, units and signs are said; what cannot be said is dropped."""
    assert speakable(written) == spoken


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("30 cm x 20 cm x 10 cm", "30 centimeters by 20 centimeters by 10 centimeters"),
        ("2x4, 1920x1080", "2 by 4, 1920 by 1080"),
        ("4 x 500 ml, 2 x $5", "4 times 500 milliliters, 2 times 5 dollars"),
        ("3x faster, 2x Blue Shirt, 1x.", "3 times faster, 2 Blue Shirt, 1 time."),
        ('a 27" and a 5.5" one, "order 12"', 'a 27 inch and a 5.5 inch one, "order 12"'),
        ("5'10\", 6'2", "5 foot 10, 6 foot 2"),
        ("1.5L, 65W, 12V, 500g, 3 m, 1 m", "1.5 liters, 65 watts, 12 volts, 500 grams, 3 meters, 1 meter"),
        ("5G, 3XL, 5 W 34th St", "5G, 3XL, 5 West 34th Street"),
        ("500 W. Elm St., 12 N Main St, 60 W bulb", "500 West Elm Street, 12 North Main Street, 60 watts bulb"),
        ("Size 10 S Blue", "Size 10 S Blue"),
        ("24h, 10in, 10 in stock", "24 hours, 10 inch, 10 in stock"),
        ("100 Mbps, 2.4 GHz, 500 mAh", "100 megabits per second, 2.4 gigahertz, 500 milliamp hours"),
        ("approx. 5 min., 2 hrs. 30 mins.", "approximately 5 minutes, 2 hours 30 minutes."),
        ("20°C-25°C", "20 degrees Celsius to 25 degrees Celsius"),
        ("1/2 cup, 3/4 tsp, 1/2 price", "a half cup, three quarters teaspoon, half price"),
        ("3:1, 16:9, 12:30", "3 to 1, 16 to 9, 12 30"),
    ],
)
def test_measures_are_said_in_words(written: str, spoken: str) -> None:
    """Sizes by their sides, units in full, ratios and multiples as they are spoken."""
    assert speakable(written) == spoken


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("Henry VIII and Louis XIV", "Henry the 8th and Louis the 14th"),
        ("World War II, Chapter IX, Part I", "World War 2, Chapter 9, Part 1"),
        ("Rocky IV, Volume XXIX", "Rocky 4, Volume 29"),
        ("What I said; Malcolm X; an IV drip; size XL", "What I said; Malcolm X; an IV drip; size XL"),
    ],
)
def test_roman_numerals_are_numbers_where_they_count(written: str, spoken: str) -> None:
    """Behind a name or what is counted so; a lone letter anywhere else is a letter."""
    assert speakable(written) == spoken


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("## **Returns** are `free`", "Returns are free"),
        ("- 5 days", "5 days"),
        ("-5 days", "minus 5 days"),
        ("See [our page](https://example.com/a?b=1) and ![a shoe](x.png).", "See our page and a shoe."),
        ("red • blue · green", "red, blue, green"),
        ("Sent \U0001f4e6. Thanks \u2764\ufe0f 1\ufe0f\u20e3", "Sent. Thanks 1"),
        ("Thanks :-) bye ;)", "Thanks bye"),
        ("in (parts): :one", "in (parts): :one"),
        ("```python", ""),
        ("Follow #ShopSmart", "Follow hashtag ShopSmart"),
        ("mailto:jane@example.com", "jane at example dot com"),
    ],
)
def test_what_only_the_eye_understands_is_left_out(written: str, spoken: str) -> None:
    """Markdown, emoji and emoticons leave their words behind, and no mark on its own."""
    assert speakable(written) == spoken


def test_other_languages_keep_their_words() -> None:
    """Without English, codes and phone numbers are still spelled and nothing English is put in."""
    assert speakable("# Siehe [hier](https://x.example) #5", "de") == "Siehe hier #5"
    assert speakable('World War II, 5 kg = 27"', "de") == 'World War II, 5 kg 27"'
    assert speakable("PIN 0042", "de") == "pin 0 0 4 2"
    assert speakable("Raum #A1, Tel. +49 30 123456", "de") == "Raum A1, Tel. + 4 9, 3 0, 1 2 3, 4 5 6"
    assert speakable("am 20-11-2026 um 20°C", "de") == "am 20-11-2026 um 20°C"
    assert speakable("Karte 4111 1111 1111 1111", "de") == "Karte 4 1 1 1, 1 1 1 1, 1 1 1 1, 1 1 1 1"
    assert speakable("ORD-1234 kostet 12,50 € am 20.11.", "de") == "O R D, 1 2 3 4 kostet 12,50 € am 20.11."


@pytest.mark.parametrize("empty", ["", "...", "___ *_*", "<b>.</b>", "<break/> !", "\U0001f600", "(_)", "\u200b?"])
def test_a_sentence_without_anything_to_say_is_left_out(empty: str) -> None:
    """Tags, emoji and marks leave signs that no engine is to be asked to speak; the sentences around them stay."""
    assert speakable_sentences(empty) == ()
    assert speakable_sentences(f"It is 5 kg.\n\n{empty}\n\nBye.") == ("It is 5 kilograms.", "Bye.")


def test_a_sign_with_a_name_is_something_to_say() -> None:
    """Keys, units and currencies alone are spoken by their names."""
    assert speakable_sentences("50. %. #") == ("50.", "%.", "#")


def test_a_lone_letter_a_is_not_read_as_the_article() -> None:
    """A comma behind a spelled A makes an engine say the letter's name."""
    assert spell("CAB7") == "C A, B, 7"


def test_an_impossible_phone_number_is_read_as_written() -> None:
    """What no country dials is still read out digit by digit."""
    assert spell_phone("+1 23") == "+ 1, 2 3"


_WRITTEN = st.text(alphabet=st.sampled_from("0123456789:/-.,$€£%#@+ ()AORDapmMon&\n\ud800\x00é"), max_size=120)


@given(st.one_of(st.text(max_size=300), _WRITTEN), st.sampled_from(["en", "en-gb", "de", ""]))
def test_no_text_makes_it_fail(text: str, language: str) -> None:
    """Any text, however odd, comes out as encodable text on one line."""
    said = speakable(text, language)
    said.encode()
    assert said == " ".join(said.split())


@given(st.integers(min_value=0, max_value=10**19))
def test_no_digit_of_an_order_number_is_lost(number: int) -> None:
    """Every digit of a number behind `order number` is spoken, in order, on its own."""
    digits = f"{number:03d}"
    said = speakable(f"order number {digits}").removeprefix("order number ")
    assert [c for c in said if c.isdigit()] == list(digits)
    assert all(len(word.strip(",")) == 1 for word in said.split())


@given(st.integers(min_value=0, max_value=10**11), st.integers(min_value=0, max_value=99), st.booleans())
def test_no_amount_is_changed(whole: int, cents: int, grouped: bool) -> None:
    """What is said of a price is the price, in figures an engine reads as one number."""
    said = speakable(f"It costs ${f'{whole:,}' if grouped else whole}.{cents:02d}.")
    dollars = [f"{whole:,}" if whole >= 10**6 else f"{whole}", "dollar" if whole == 1 else "dollars"]
    parts = [" ".join(dollars)] * (whole > 0 or not cents) + [f"{cents} cent{'s' * (cents != 1)}"] * (cents > 0)
    assert said == f"It costs {' and '.join(parts)}."


@pytest.mark.parametrize(
    "piece",
    [
        *(
            "1",
            "1 ",
            "12 ",
            "1-",
            "1,",
            "1.",
            "a.",
            "$1,",
            "12 A ",
            "St. ",
            "A1-",
            "<b ",
            "+1 ",
            "1x",
            "1 x ",
            '1"',
        ),
        *(
            "1'",
            "[a](",
            "A1 ",
            "AB12",
            "1 000",
            "Aa II ",
            "X",
            "#A",
            "order a-",
            "no 1",
            ":-",
            "1/2 ",
            "- ",
            "1 g-",
        ),
        *("00 is ", "NW1 ", "a. x"),
    ],
)
def test_no_text_takes_long(piece: str) -> None:
    """No pattern goes astray on a sentence of the greatest length, however odd."""
    text = (piece * MAX_CHARACTERS)[:MAX_CHARACTERS]
    speakable(text)
    begun = time.process_time()
    speakable(text)
    assert time.process_time() - begun < 0.1
