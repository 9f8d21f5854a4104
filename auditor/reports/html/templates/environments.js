// One environment: its picture, its paths in words, its findings.

const PATHS_AT_ONCE = 10;

const pathWords = (path) => {
  if (path.worst === undefined) return "sound";
  return `${path.status === "fail" ? "broken" : "unknown"} at ${text(path.hops[path.worst][0])}`;
};

const hopItem = (subject, [name, on, status, message, results, missing]) =>
  make(
    "li",
    {class: status},
    icon(status),
    make("b", {}, text(name)),
    make("span", {class: "spoken"}, ` (${STATUSES[status]})`),
    ": ",
    bdi(text(message)),
    results &&
      results.length > 0 && [
        " ",
        results.map((number) => {
          const rule = text(ruleOf(subject.results[number]).id);
          return [
            make(
              "a",
              {
                href: `#finding-${subject.number}-${number}`,
                click: (event) => {
                  event.preventDefault();
                  goTo(subject, number);
                },
              },
              rule,
            ),
            " ",
          ];
        }),
      ],
    (missing || []).map(
      ([, , , action]) =>
        text(action) && make("span", {class: "muted"}, " needs ", make("code", {}, bdi(text(action)))),
    ),
    make("span", {class: "id"}, bdi(text(on))),
  );

const pathItem = (subject, path) =>
  make(
    "details",
    {class: `path ${path.status}`},
    make(
      "summary",
      {},
      icon(path.status),
      make("b", {}, bdi(text(path.kind))),
      "→",
      bdi(text(path.service)),
      make("span", {class: "says"}, pathWords(path)),
    ),
    make(
      "ol",
      {class: "hops"},
      path.hops.map((hop) => hopItem(subject, hop)),
    ),
  );

const pathsTally = (paths) => {
  const count = (status) => paths.filter((path) => path.status === status).length;
  const states = [`${count("pass")} sound`, `${count("fail")} broken`, `${count("unknown")} unknown`];
  return `${plural(paths.length, "access path")}: ${states.join(", ")}`;
};

const legend = () =>
  make(
    "figcaption",
    {},
    [
      ["pass", "in order"],
      ["fail", "broken: red, thick, with a cross"],
      ["unknown", "unknown: dashed, with a question mark"],
    ].map(([status, words]) => make("span", {}, icon(status), words)),
  );

/** The paths in parts that one sheet of paper can hold. */
const partsOf = (drawn) => {
  const paths = drawn.paths || [];
  const starts = paths.map((_, number) => number).filter((number) => number % PATHS_AT_ONCE === 0);
  return starts.length
    ? starts.map((start) => ({...drawn, paths: paths.slice(start, start + PATHS_AT_ONCE)}))
    : [drawn];
};

const figure = (part, title, words) =>
  make(
    "figure",
    {class: "network"},
    make("div", {class: "scroll wide", role: "group", "aria-label": title, tabindex: "0"}, drawWide(part, text, words)),
    drawNarrow(part, text, words),
    legend(),
  );

const network = (subject) => {
  const paths = subject.picture.paths || [];
  const bad = paths
    .filter((path) => path.worst !== undefined)
    .map((path) => `${text(path.kind)} is ${pathWords(path)}`);
  const words = [`${pathsTally(paths)}.`, ...bad.map((b) => `${b}.`), "The list below says the same hop by hop."].join(
    " ",
  );
  const parts = partsOf(subject.picture);
  const titleOf = (number) =>
    `Picture of the network of ${subject.name}` + (parts.length > 1 ? `, part ${number + 1} of ${parts.length}` : "");
  return [
    ...parts.map((part, number) => figure(part, titleOf(number), `${titleOf(number)}. ${words}`)),
    make(
      "details",
      {class: "more", open: matchMedia("(max-width: 700px)").matches},
      make("summary", {}, `${pathsTally(paths)}, hop by hop`),
      make(
        "div",
        {class: "paths"},
        paths.map((path) => pathItem(subject, path)),
      ),
    ),
  ];
};

const fact = (name, ...value) => make("span", {}, `${name} `, make("b", {}, ...value));

const environmentBody = (subject, results) => {
  const parts = [];
  if (subject.picture) {
    parts.push(
      make(
        "p",
        {class: "about"},
        fact("Cluster", bdi(text(subject.cluster))),
        fact("Region", bdi(text(subject.region))),
        fact("Resource group", bdi(text(subject.group))),
        fact("Subscription", bdi(text(subject.subscription))),
        fact("Scenario", text(subject.scenario)),
      ),
      make(
        "p",
        {class: "about"},
        (subject.access || []).map(([part, way, status]) => fact(text(part), icon(status), text(way))),
      ),
      ...network(subject),
    );
  }
  for (const [status, word] of Object.entries(STATUSES)) {
    const some = results.filter((result) => result.status === status);
    if (some.length)
      parts.push(
        make("h4", {}, `${word[0].toUpperCase()}${word.slice(1)} (${some.length})`),
        ...some.map((result) => finding(subject, result)),
      );
  }
  if (!results.length && !narrowed())
    parts.push(make("p", {class: "nothing"}, "Nothing failed here, and nothing is unknown."));
  const hidden = subject.results.length - results.length;
  if (hidden)
    parts.push(
      make(
        "p",
        {class: "nothing"},
        `${plural(hidden, "more result")} of this environment ${hidden === 1 ? "does" : "do"} not match the filters.`,
      ),
    );
  return make("div", {class: "inside"}, parts);
};

const tally = (subject) => {
  const count = (status) => subject.results.filter((result) => result.status === status).length;
  const fresh = subject.results.filter((result) => result.new && result.status === "fail").length;
  return Object.entries(STATUSES)
    .filter(([status]) => count(status) && status !== "not-applicable")
    .map(([status, word]) => `${count(status)} ${word}${status === "fail" && fresh ? ` (${fresh} new)` : ""}`)
    .join(" · ");
};

const environment = ({subject, results}, open) =>
  folded(
    "environment",
    `environment-${subject.number}`,
    open,
    make(
      "summary",
      {},
      make("h3", {}, bdi(subject.name)),
      make("span", {class: "tally"}, tally(subject)),
      subject.verdict && make("span", {class: `verdict ${subject.verdict}`}, icon(subject.verdict), subject.verdict),
    ),
    () => environmentBody(subject, results),
  );
