// Keeps an open page live: takes the parts the server pushes, rings for new calls, and saves notes as they are typed.
/* global htmx */

const page = document.body.dataset;
const link = document.getElementById("link");
const csrf = document.querySelector('meta[name="csrf-token"]').content;

const byId = (id) => document.getElementById(id);
const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

async function post(path, body) {
  const headers = { "X-CSRF-Token": csrf, Accept: "application/json" };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  const options = { method: "POST", headers, body: body === undefined ? undefined : JSON.stringify(body) };
  return fetch(path, { ...options, keepalive: true, signal: AbortSignal.timeout(15000) });
}

// ---- The connection ---------------------------------------------------------------------------------------------

const STATES = {
  connecting: "Connecting …",
  live: "Live",
  stale: "The server cannot read its records; what you see may be old",
  reconnecting: "Reconnecting …",
  out: "Signed out",
};

function show(state) {
  if (link.dataset.state === state) return;
  link.dataset.state = state;
  link.className = `link-state ${state}`;
  link.textContent = STATES[state];
  document.body.classList.toggle("cut-off", state === "reconnecting" || state === "stale");
}

async function token() {
  const answer = await post("/agent/token");
  if (answer.status === 401 || answer.status === 400) {
    show("out");
    if (!unsaved()) location.reload();
    return null;
  }
  if (!answer.ok) throw new Error(`status ${answer.status}`);
  return answer.json();
}

function follow(pass) {
  return new Promise((resolve) => {
    const socket = new WebSocket(pass.url);
    let silence;
    let opened = false;
    const heard = () => {
      clearTimeout(silence);
      // A network that went away says nothing; the server speaks at least this often.
      silence = setTimeout(() => socket.close(), 40000);
    };
    socket.onopen = () => {
      heard();
      socket.send(JSON.stringify({ token: pass.token, view: page.view }));
    };
    socket.onmessage = (event) => {
      heard();
      opened = true;
      take(JSON.parse(event.data));
    };
    const wake = () => socket.close();
    addEventListener("offline", wake);
    socket.onclose = (event) => {
      clearTimeout(silence);
      removeEventListener("offline", wake);
      resolve({ opened, code: event.code });
    };
  });
}

async function stay() {
  let failures = 0;
  for (;;) {
    try {
      const pass = await token();
      if (pass === null) return;
      if (!page.sockets.split(" ").includes(pass.url) && !unsaved()) return location.reload();
      const { opened, code } = await follow(pass);
      if (opened) failures = 0;
      if (code === 4401 && failures > 1 && !unsaved()) return location.reload();
    } catch {
      // Counted below.
    }
    failures += 1;
    show("reconnecting");
    const most = Math.min(30000, 500 * 2 ** Math.min(failures, 6));
    await Promise.race([wait(most / 2 + Math.random() * (most / 2)), new Promise((back) => addEventListener("online", back, { once: true }))]);
  }
}

// ---- What is pushed ---------------------------------------------------------------------------------------------

let ahead = 0;
let stale = false;

function take(message) {
  ahead = message.now - Date.now() / 1000;
  for (const [id, html] of Object.entries(message.set)) {
    const part = byId(id);
    if (!part) continue;
    part.removeAttribute("aria-busy");
    const ends = [part.closest(".said"), ...part.querySelectorAll(".latest")].filter((end) => end && low(end));
    htmx.swap({ target: part, sourceElement: part, text: html, swap: "innerMorph" }).then(() => {
      count();
      for (const end of ends) end.scrollTop = end.scrollHeight;
      if (id === "offers") { toEnds(part); ring(); }
    });
  }
  if (message.rest.talks) talks(message.rest.talks);
  if ("stale" in message.rest) stale = message.rest.stale;
  show(stale ? "stale" : "live");
}

// What was said last is what counts; who scrolls back to read stays there.
const low = (end) => end.scrollHeight - end.scrollTop - end.clientHeight < 40;
const placed = new WeakSet();

function toEnds(root) {
  for (const end of root.querySelectorAll(".latest, .said")) {
    if (placed.has(end)) continue;
    placed.add(end);
    end.scrollTop = end.scrollHeight;
  }
}

function count() {
  const now = Date.now() / 1000 + ahead;
  for (const clock of document.querySelectorAll("[data-since]")) {
    const seconds = Math.max(0, Math.floor(now - Number(clock.dataset.since)));
    const text = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
    if (clock.textContent !== text) clock.textContent = text;
    clock.classList.toggle("long", seconds >= 60);
  }
}

async function talks(ids) {
  const here = new Set([...document.querySelectorAll("[data-talk]")].map((talk) => Number(talk.dataset.talk)));
  for (const id of ids) {
    if (here.has(id)) continue;
    const answer = await fetch(`/agent/talks/${id}`, { headers: { Accept: "text/html" } });
    if (answer.ok && !byId(`talk-${id}`)) {
      await htmx.swap({ target: byId("talks"), sourceElement: byId("talks"), text: await answer.text(), swap: "afterbegin" });
    }
  }
  for (const id of here) {
    const notes = writers.get(id);
    if (!ids.includes(id) && !notes?.dirty) byId(`talk-${id}`)?.remove();
  }
}

// ---- Ringing ----------------------------------------------------------------------------------------------------

const rung = new Set();
const notifications = new Map();
let sound;
let muted = localStorage.getItem("voicebot-muted") === "yes";
let first = true;

function tone() {
  if (muted) return;
  sound ??= new AudioContext();
  if (sound.state === "suspended") sound.resume();
  [0, 0.22].forEach((at, number) => {
    const start = sound.currentTime + at;
    const voice = sound.createOscillator();
    const volume = sound.createGain();
    voice.frequency.value = number ? 659 : 523;
    volume.gain.setValueAtTime(0, start);
    volume.gain.linearRampToValueAtTime(0.16, start + 0.02);
    volume.gain.exponentialRampToValueAtTime(0.001, start + 0.4);
    voice.connect(volume).connect(sound.destination);
    voice.start(start);
    voice.stop(start + 0.42);
  });
}

function ring() {
  const waiting = [...document.querySelectorAll("[data-rings]")];
  const ids = new Set(waiting.map((offer) => offer.dataset.offer));
  for (const offer of waiting) {
    const id = offer.dataset.offer;
    if (rung.has(id)) continue;
    rung.add(id);
    byId("announce").textContent = `Call from ${offer.dataset.who}: ${offer.dataset.about}`;
    tone();
    if (!first && document.hidden && "Notification" in window && Notification.permission === "granted") {
      const shown = new Notification(`Call from ${offer.dataset.who}`, { body: offer.dataset.about, tag: `offer-${id}`, requireInteraction: true });
      shown.onclick = () => { window.focus(); shown.close(); };
      notifications.set(id, shown);
    }
  }
  first = false;
  for (const [id, shown] of notifications) {
    if (!ids.has(id)) { shown.close(); notifications.delete(id); }
  }
  document.title = `${waiting.length ? `(${waiting.length}) ` : ""}${document.title.replace(/^\(\d+\) /, "")}`;
}

// A phone that rings rings on.
setInterval(() => { if (document.querySelector("[data-rings]")) tone(); }, 4000);

// ---- Notes ------------------------------------------------------------------------------------------------------

const writers = new Map();
const unsaved = () => [...writers.values()].some((notes) => notes.dirty);

class Notes {
  constructor(form) {
    this.form = form;
    this.talk = form.closest("[data-talk]");
    this.version = Number(this.talk.dataset.version);
    // What this window and the server last agreed on, by field.
    this.base = {
      notes: form.elements.notes.defaultValue,
      disposition: [...form.elements.disposition.options].find((option) => option.defaultSelected)?.value ?? "",
    };
    this.dirty = false;
    this.saving = null;
  }

  say(text, look = "quiet") {
    const place = this.form.querySelector(".saved");
    place.className = `saved ${look}`;
    place.textContent = text;
  }

  typed() {
    this.dirty = true;
    this.say("…");
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.save(), 500);
  }

  save(done = false) {
    clearTimeout(this.timer);
    this.saving = (this.saving ?? Promise.resolve()).then(() => this.send(done));
    return this.saving;
  }

  async send(done) {
    if (this.conflict || (!this.dirty && !done)) return;
    const { notes, disposition } = this.form.elements;
    const sent = { notes: notes.value, disposition: disposition.value };
    this.dirty = false;
    try {
      const answer = await post(`/agent/talks/${this.talk.dataset.talk}`, { version: this.version, ...sent, done });
      if (answer.status === 409) return await this.clash(await answer.json(), done);
      if (!answer.ok) throw new Error(`status ${answer.status}`);
      this.version = (await answer.json()).version;
      this.base = sent;
      if (done) return this.close("Done. Your notes go to the CRM with the call.");
      this.say(`Saved ${new Date().toLocaleTimeString()}`, "quiet");
    } catch {
      this.dirty = true;
      this.say("Not saved; trying again …", "bad");
      this.timer = setTimeout(() => this.save(done), 3000);
    }
  }

  // Another window saved in between. What only one of the two has changed is taken from that one; where both wrote
  // something else, the agent chooses.
  clash(theirs, done) {
    if (theirs.finished) return this.close("This call was finished in another window.");
    const { notes, disposition } = this.form.elements;
    this.dirty = true;
    const both = [notes, disposition].filter((field) => {
      const [mine, other, agreed] = [field.value, theirs[field.name], this.base[field.name]];
      if (mine === agreed) field.value = other;
      return mine !== other && mine !== agreed && other !== agreed;
    });
    if (!both.length) {
      this.version = theirs.version;
      this.base = { notes: theirs.notes, disposition: theirs.disposition };
      return this.send(done);
    }
    this.conflict = theirs;
    this.say("Changed in another window", "bad");
    const box = document.createElement("div");
    box.className = "clash";
    box.setAttribute("role", "alert");
    const head = document.createElement("p");
    head.textContent = "Another window of yours saved this instead:";
    const text = document.createElement("blockquote");
    text.textContent = [theirs.notes, theirs.disposition.replaceAll("_", " ")].filter(Boolean).join("\n") || "(nothing)";
    box.append(head, text, this.choice("Keep mine", () => {}), this.choice("Take the other", () => {
      notes.value = theirs.notes;
      disposition.value = theirs.disposition;
    }));
    this.form.querySelector(".clash")?.remove();
    this.form.append(box);
    box.querySelector("button").focus();
  }

  choice(label, act) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = label;
    button.onclick = () => {
      act();
      this.version = this.conflict.version;
      this.base = { notes: this.conflict.notes, disposition: this.conflict.disposition };
      this.conflict = null;
      this.form.querySelector(".clash").remove();
      this.form.elements.notes.focus();
      this.dirty = true;
      this.save();
    };
    return button;
  }

  close(text) {
    this.dirty = false;
    writers.delete(Number(this.talk.dataset.talk));
    this.talk.remove();
    toast(text);
  }
}

function writer(form) {
  const id = Number(form.dataset.wrapUp);
  if (writers.get(id)?.form !== form) writers.set(id, new Notes(form));
  return writers.get(id);
}

document.addEventListener("input", (event) => {
  const form = event.target.closest?.("[data-wrap-up]");
  if (form) writer(form).typed();
});
document.addEventListener("submit", (event) => {
  const form = event.target.closest?.("[data-wrap-up]");
  if (!form) return;
  event.preventDefault();
  writer(form).save(true);
});
addEventListener("beforeunload", (event) => { if (unsaved()) event.preventDefault(); });
addEventListener("pagehide", () => { for (const notes of writers.values()) notes.save(); });

// ---- Keys, messages, alerts -------------------------------------------------------------------------------------

function toast(text) {
  const shown = document.createElement("p");
  shown.className = "toast";
  shown.textContent = text;
  byId("toasts")?.append(shown);
  setTimeout(() => shown.remove(), 6000);
}

document.addEventListener("htmx:response:error", async (event) => {
  const { ctx } = event.detail;
  const { status } = ctx.response;
  toast(status === 409 ? ctx.text : status === 404 ? "That call is gone." : "That did not work. Please try again.");
});
document.addEventListener("htmx:error", () => toast("The server cannot be reached. Please try again."));
document.addEventListener("htmx:after:swap", (event) => {
  toEnds(document);
  if (event.detail.ctx.target?.id === "talks" || event.detail.ctx.sourceElement?.closest?.(".accept")) {
    document.querySelector("[data-wrap-up] textarea")?.focus();
  }
});

document.addEventListener("keydown", (event) => {
  const field = event.target.closest("input, textarea, select");
  if (field && (event.ctrlKey || event.metaKey) && event.key === "Enter") {
    const form = field.closest("[data-wrap-up]");
    if (form) { event.preventDefault(); form.requestSubmit(); }
    return;
  }
  if (field || event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
  const key = event.key.toLowerCase();
  if (key === "a") document.querySelector(".offer .accept")?.click();
  else if (key === "n") document.querySelector("[data-wrap-up] textarea")?.focus();
  else if (key === "m" && page.view === "desk") {
    muted = !muted;
    localStorage.setItem("voicebot-muted", muted ? "yes" : "no");
    toast(muted ? "Sound is off." : "Sound is on.");
  } else return;
  event.preventDefault();
});

const alerts = byId("alerts");
if (alerts && "Notification" in window && Notification.permission === "default") {
  alerts.hidden = false;
  alerts.onclick = async () => {
    // The click also lets the page make sounds.
    sound ??= new AudioContext();
    await Notification.requestPermission();
    alerts.hidden = true;
  };
}

const doors = new BroadcastChannel("voicebot-doors");
doors.onmessage = () => setTimeout(() => location.reload(), 1500);
document.querySelector(".reader")?.addEventListener("submit", () => doors.postMessage("out"));

count();
toEnds(document);
setInterval(count, 1000);
stay();
