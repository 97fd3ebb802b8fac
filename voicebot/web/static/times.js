// Times of day as the reader's own clock shows them. Pages are made in UTC; what they said stays in the tooltip.

const UTC = / UTC$/;
const two = (number) => String(number).padStart(2, "0");

function local(time) {
  const said = time.textContent;
  const at = new Date(time.dateTime);
  if (!UTC.test(said) || Number.isNaN(at.getTime())) return;
  const day = /^\d{4}-/.test(said) ? `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())} ` : "";
  const seconds = /:\d\d:/.test(said) ? `:${two(at.getSeconds())}` : "";
  time.title = said;
  time.textContent = `${day}${two(at.getHours())}:${two(at.getMinutes())}${seconds}`;
}

function all() {
  for (const time of document.querySelectorAll("time[datetime]")) local(time);
}

// Parts of live pages are replaced as they change.
new MutationObserver(all).observe(document.body, { childList: true, subtree: true, characterData: true });
all();
