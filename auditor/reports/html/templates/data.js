// The data of the page, and which of it the filters let through. Whatever comes from Azure becomes text, never markup.

const SEVERITIES = ["critical", "high", "medium", "low", "info"];
const STATUSES = {
  fail: "failed",
  unknown: "unknown",
  waived: "waived",
  pass: "passed",
  "not-applicable": "not applicable",
};
const STANDINGS = {new: "new", unchanged: "unchanged"};
const SHOWN_AT_FIRST = ["fail", "unknown", "waived"];

const data = JSON.parse(document.getElementById("data").textContent);
const text = (number) => {
  const stored = data.strings[number];
  return typeof stored === "string" ? stored : text(stored[0]) + stored[1];
};
const ruleOf = (result) => data.rules[result.rule];
const severityOf = (result) => result.severity || ruleOf(result).severity;
const nameOf = (id) => id.slice(id.lastIndexOf("/") + 1);
const plural = (count, noun) => `${count.toLocaleString("en")} ${noun}${count === 1 ? "" : "s"}`;

const make = (tag, attributes = {}, ...children) => {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") node.addEventListener(name, value);
    else if (value !== false && value !== undefined) node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.flat(Infinity).filter((child) => child !== undefined && child !== null && child !== false));
  return node;
};
const icon = (status) => make("span", {class: `icon ${status}`, "aria-hidden": "true"});
/** Text from Azure, whose own direction must not reorder what stands around it. */
const bdi = (words) => make("bdi", {}, words);

const subjects = data.environments.map((environment, number) => ({
  ...environment,
  number,
  name: text(environment.label),
}));
if (data.outside) subjects.push({name: "Outside every environment", results: data.outside, number: subjects.length});
for (const subject of subjects)
  subject.results = (subject.results || []).map((result, number) => ({...result, number}));

const wanted = {
  words: "",
  severities: new Set(SEVERITIES),
  statuses: new Set(SHOWN_AT_FIRST),
  standings: new Set(Object.keys(STANDINGS)),
  subject: "",
  page: 0,
};

/** What the text filter looks in; made when it is first used. */
const searchable = (subject, result) => {
  if (result.searchable === undefined) {
    const rule = ruleOf(result);
    const parts = [text(rule.id), text(rule.title), text(result.on), text(result.message), subject.name];
    if (result.waiver) parts.push(text(result.waiver[0]));
    result.searchable = parts.join("\n").toLowerCase();
  }
  return result.searchable;
};

const matching = (subject) => {
  const tokens = wanted.words.toLowerCase().split(/\s+/).filter(Boolean);
  return subject.results.filter(
    (result) =>
      wanted.statuses.has(result.status) &&
      wanted.severities.has(severityOf(result)) &&
      wanted.standings.has(result.new ? "new" : "unchanged") &&
      tokens.every((token) => searchable(subject, result).includes(token)),
  );
};

/** Whether the filters ask for findings; then what has none is left out. */
const narrowed = () =>
  wanted.words.trim() !== "" ||
  wanted.severities.size < SEVERITIES.length ||
  wanted.standings.size < Object.keys(STANDINGS).length ||
  SHOWN_AT_FIRST.some((status) => !wanted.statuses.has(status));

const selection = () => {
  const found = [];
  for (const subject of subjects) {
    if (wanted.subject !== "" && subject.number !== Number(wanted.subject)) continue;
    const results = matching(subject);
    if (results.length || (subject.picture && !narrowed())) found.push({subject, results});
  }
  return found;
};
