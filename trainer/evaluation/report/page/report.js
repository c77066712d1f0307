"use strict";
const page = JSON.parse(document.getElementById("data").textContent);
const at = (id) => document.getElementById(id);
const STEP = 50;
const WORDS = { false: "false tag", missed: "missed", right: "right", no: "not tagged", open: "not judged" };
let shown = [], limit = STEP;

const option = (select, value, text) => {
  const made = document.createElement("option");
  made.value = value;
  made.textContent = text;
  select.append(made);
};
page.topics.forEach((topic, i) => option(at("topic"), i, topic));
page.slices.forEach((name, i) => option(at("part"), i, name));
const lower = page.sentences.map(([id, text]) => `${id} ${text}`.toLowerCase());

const KINDS = {
  all: () => true,
  wrong: (d) => d.k === "false" || d.k === "missed",
  review: (d) => d.r === 1,
  flipped: (d) => d.f !== undefined,
  "flipped-better": (d) => d.f !== undefined && d.f.better === true,
  "flipped-worse": (d) => d.f !== undefined && d.f.better === false,
};

const element = (name, kind, text) => {
  const made = document.createElement(name);
  if (kind) made.className = kind;
  if (text !== undefined) made.textContent = text;
  return made;
};

// Each character is coloured by what the words over it add; offsets count characters, not halves of them.
const coloured = (text, words) => {
  const line = element("p", "text");
  line.dir = "auto";
  const letters = Array.from(text);
  const weight = new Array(letters.length).fill(0);
  for (const [start, end, value] of words || []) for (let i = start; i < end; i++) weight[i] += value;
  const most = Math.max(...weight.map(Math.abs), 0) || 1;
  const kindOf = (w) => {
    const part = w / most;
    if (Math.abs(part) < 0.08) return "";
    return `${part > 0 ? "for" : "against"}${Math.abs(part) < 0.4 ? " weak" : ""}`;
  };
  for (let i = 0; i < letters.length;) {
    const kind = kindOf(weight[i]);
    let j = i + 1;
    while (j < letters.length && kindOf(weight[j]) === kind) j++;
    const run = letters.slice(i, j).join("");
    line.append(kind ? element("mark", kind, run) : run);
    i = j;
  }
  return line;
};

const entry = (d) => {
  const [id, text] = page.sentences[d.s];
  const item = element("li", d.k);
  const about = element("p", "about");
  about.append(element("span", "badge", `${page.topics[d.t]}: ${WORDS[d.k]}`));
  about.append(` · probability ${d.p.toFixed(2)}, threshold ${page.thresholds[d.t].toFixed(2)}`);
  if (d.r) about.append(" · left to review");
  if (d.f) {
    const now = d.f.better === null ? "flipped" : d.f.better ? "flipped for the better" : "flipped for the worse";
    about.append(` · ${now}${d.f.then === null ? "" : `, was ${d.f.then.toFixed(2)}`}`);
  }
  about.append(` · ${id}`);
  item.append(about, coloured(text, d.w));
  const told = [];
  if (d.v && d.v.length) told.push(`rules: ${d.v.join(", ")}`);
  else if (d.v) told.push("no rule of the topic fires");
  if (d.x && d.x.length) told.push(`lexicons: ${d.x.join(", ")}`);
  if (d.f && d.f.why.length) {
    told.push(`what changed: ${d.f.why.map(([name, now, then]) => `${name} ${then.toFixed(2)} → ${now.toFixed(2)}`).join(", ")}`);
  }
  if (told.length) item.append(element("p", "about", told.join(" · ")));
  return item;
};

const draw = () => {
  at("cases").replaceChildren(...shown.slice(0, limit).map(entry));
  at("more").hidden = shown.length <= limit;
  at("more").textContent = `Show more (${shown.length - limit} left)`;
};

const apply = () => {
  const kind = at("kind").value, topic = at("topic").value, part = at("part").value;
  const wanted = at("words").value.toLowerCase().split(/\s+/).filter(Boolean);
  const low = Number(at("low").value), high = Number(at("high").value || 1);
  const fits = KINDS[kind] || ((d) => d.k === kind);
  const far = (d) => Math.abs(d.p - page.thresholds[d.t]);
  const sign = at("order").value === "close" ? 1 : -1;
  shown = page.decisions.filter((d) =>
    fits(d) && (topic === "" || d.t === Number(topic)) && d.p >= low && d.p <= high &&
    (part === "" || page.sentences[d.s][2].includes(Number(part))) &&
    wanted.every((word) => lower[d.s].includes(word)));
  shown.sort((a, b) => sign * (far(a) - far(b)) || a.s - b.s || a.t - b.t);
  limit = STEP;
  at("told").textContent = `${shown.length.toLocaleString("en")} of ${page.decisions.length.toLocaleString("en")} tags, and sentences that should have had one`;
  draw();
};

at("filter").addEventListener("input", apply);
at("filter").addEventListener("submit", (event) => event.preventDefault());
at("more").addEventListener("click", () => {
  const before = limit;
  limit += STEP;
  draw();
  const next = at("cases").children[before];
  if (next) {
    next.tabIndex = -1;
    next.focus();
  }
});
apply();
