// Looks messages and symptoms up in the field guide, as softmax_lessons/field_guide.py does.
"use strict";

function normalised(message) {
  message = message.toLowerCase();
  for (const [pattern, instead] of FIELD_GUIDE.normalised) {
    message = message.replace(new RegExp(pattern, "g"), instead);
  }
  return message.trim();
}

function wordsOf(text) {
  const silent = new Set(["", ...FIELD_GUIDE.silent]);
  text = text.toLowerCase();
  for (const [pattern, name] of FIELD_GUIDE.names) {
    text = text.replace(new RegExp(pattern, "g"), name);
  }
  const whole = new Set(FIELD_GUIDE.names.map(([, name]) => name));
  const found = text.match(new RegExp(FIELD_GUIDE.word, "g")) ?? [];
  const said = [...found, ...found.flatMap((word) => (whole.has(word) ? [] : word.split("_")))];
  const stems = said.filter((word) => !silent.has(word))
    .map((word) => word.replace(new RegExp(FIELD_GUIDE.ending), "").replace(/i[sz]/g, "is"));
  const { same } = FIELD_GUIDE;
  return new Set(stems.map((stem) => (Object.hasOwn(same, stem) ? same[stem] : stem)));
}

function best(scores) { // sorted, the entries of equal scores in the order of the guide
  return [...scores].sort(([, a], [, b]) => b[0] - a[0] || b[1] - a[1]).map(([entry]) => entry);
}

function byMessage(text, known, whole) {
  const asked = normalised(text.trim().replace(new RegExp(FIELD_GUIDE.kind), ""));
  const plain = new Set(text.toLowerCase().split(/\s+/).filter(Boolean));
  const found = new Map();
  for (const entry of known) {
    for (const [message, parts] of entry.messages) {
      let from = 0;
      const fits = whole
        ? parts.every((part) => {
          const at = asked.indexOf(part, from);
          from = at + part.length;
          return at >= 0;
        })
        : asked.length >= FIELD_GUIDE.part && ` ${parts.join(" ")}`.includes(` ${asked}`);
      if (!fits) continue;
      const alike = parts.reduce((sum, part) => sum + part.length, 0);
      const shared = new Set(message.split(/\s+/).filter((word) => plain.has(word))).size;
      const [most, more] = found.get(entry) ?? [0, 0];
      if (alike > most || (alike === most && shared > more)) found.set(entry, [alike, shared]);
    }
  }
  return best(found);
}

function byWords(text) {
  const { rare, close, least } = FIELD_GUIDE;
  const asked = new Set([...wordsOf(text)].filter((word) => Object.hasOwn(rare, word)));
  if (!asked.size) return [];
  const sum = (said, of) => [...said].reduce((total, word) => total + of(word), 0);
  const length = (said) => Math.sqrt(sum(said, (word) => rare[word] ** 2));
  const highest = FIELD_GUIDE.highest * sum(asked, (word) => rare[word]);
  const scores = new Map();
  for (const entry of FIELD_GUIDE.entries) {
    const weight = (word) => (Object.hasOwn(entry.words, word) ? entry.words[word] : 0);
    const share = sum(asked, (word) => rare[word] * weight(word)) / highest;
    if (share < least) continue;
    const closeness = entry.phrases.map((phrase) => phrase.split(" ")).map((said) => {
      const product = sum(said, (word) => (asked.has(word) ? rare[word] ** 2 : 0));
      return product / (length(asked) * length(said));
    });
    scores.set(entry, [share + close * Math.max(...closeness), 0]);
  }
  return best(scores);
}

function explain(text) {
  const near = byWords(text);
  const byNearness = new Set([...near, ...FIELD_GUIDE.entries]);
  for (const whole of [true, false]) {
    const found = byMessage(text, byNearness, whole);
    if (found.length) return { entries: found.slice(0, FIELD_GUIDE.most), exact: true };
    const [answer] = byMessage(text, FIELD_GUIDE.answers, whole);
    if (answer) {
      const more = FIELD_GUIDE.entries.filter(({ number }) => number === answer.entry);
      return { entries: more, exact: true, answer };
    }
  }
  return { entries: near.slice(0, FIELD_GUIDE.most), exact: false };
}

function said({ entries, exact, answer }) {
  if (answer) return `${answer.cause} ${answer.fix}`.replaceAll("`", "");
  if (!entries.length) return "The field guide has nothing on that.";
  return exact ? "The field guide has this message:" : "Nearest in the field guide:";
}

function show(text, place, folder) {
  place.replaceChildren();
  if (!text.trim()) return;
  const found = explain(text);
  const line = document.createElement("p");
  line.textContent = said(found);
  const list = document.createElement("ul");
  for (const { number, title } of found.entries) {
    const link = document.createElement("a");
    link.href = `${folder}p${number}.html`;
    link.textContent = title;
    const item = document.createElement("li");
    item.append(link);
    list.append(item);
  }
  place.append(line, list);
}

// its data is loaded where it is used, and by a script, which a page from a disk may do
function withData(then) {
  const script = document.createElement("script");
  script.src = `${document.documentElement.dataset.content_root}_static/field_guide_data.js`;
  script.addEventListener("load", then);
  document.head.append(script);
}

addEventListener("DOMContentLoaded", () => {
  const own = document.querySelector(".guide-search");
  if (own) {
    own.addEventListener("submit", (event) => event.preventDefault());
    const query = own.querySelector("textarea");
    const answer = () => show(query.value, own.querySelector(".guide-found"), "");
    withData(() => {
      query.addEventListener("input", answer);
      answer();
    });
  }
  const results = document.querySelector("#search-results");
  const asked = new URLSearchParams(location.search).get("q");
  if (results && asked) {
    const place = document.createElement("div");
    results.before(place);
    withData(() => show(asked, place, "field_guide/"));
  }
});
