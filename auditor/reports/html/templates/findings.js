// One finding: what was seen, how it is mended, and why it matters.

let printing = false;
const unfolded = new Map();

/** Something that opens, is filled when it first does, and stays as it was left when the page is drawn again. */
const folded = (kind, id, open, summary, body) => {
  const node = make("details", {class: kind, id}, summary);
  node.fill = () => {
    if (node.children.length === 1) node.append(body());
  };
  node.unfold = (wide) => {
    if (wide) node.fill();
    node.open = wide;
  };
  node.unfold(unfolded.get(id) ?? open);
  node.addEventListener("toggle", () => {
    node.unfold(node.open);
    if (!printing) unfolded.set(id, node.open);
  });
  return node;
};

const copied = make("p", {class: "spoken", role: "status"});

const copy = async (words, block) => {
  try {
    await navigator.clipboard.writeText(words);
  } catch {
    // a browser that keeps the clipboard from files: select it, so that one key press copies it
    getSelection().selectAllChildren(block);
    document.execCommand("copy");
  }
  copied.textContent = "Copied.";
};

const command = (words, what) => {
  const block = make("pre", {}, make("code", {}, words));
  const button = make(
    "button",
    {
      type: "button",
      "aria-label": `Copy ${what}`,
      click: () => {
        copied.textContent = "";
        copy(words, block);
        button.textContent = "Copied";
        setTimeout(() => {
          button.textContent = "Copy";
        }, 2000);
      },
    },
    "Copy",
  );
  return make("div", {class: "command"}, block, button);
};

/** A paragraph of a rule's page, in which ``double backticks`` mark code. */
const paragraph = (words) =>
  make(
    "p",
    {},
    words.split("``").map((part, number) => (number % 2 ? make("code", {}, part) : part)),
  );

/** A table whose cells carry the name of their column, for a page too narrow for columns. */
const table = (heads, rows) =>
  make(
    "table",
    {class: "stack"},
    make(
      "thead",
      {},
      make(
        "tr",
        {},
        heads.map((head) => make("th", {scope: "col"}, head)),
      ),
    ),
    make(
      "tbody",
      {},
      rows.map((cells) =>
        make(
          "tr",
          {},
          cells.map((cell, column) => make("td", {"data-of": heads[column]}, cell)),
        ),
      ),
    ),
  );

/** A resource by its name, with its id where that is not the finding's own. */
const resource = (on, result) => [
  bdi(nameOf(text(on))),
  on !== result.on && make("span", {class: "id"}, bdi(text(on))),
];
const code = (words) => make("code", {}, bdi(words));

const evidenceRow =
  (result) =>
  ([on, path, observed, note]) => [
    resource(on, result),
    code(text(path)),
    [code(text(observed)), note !== undefined && make("small", {}, " ", bdi(text(note)))],
  ];

const missingRow =
  (result) =>
  ([on, path, reason, action]) => [
    resource(on, result),
    bdi([text(path), text(reason)].filter(Boolean).join(": ")),
    code(text(action)),
  ];

const findingBody = (subject, result) => {
  const rule = ruleOf(result),
    name = text(rule.id);
  const parts = [make("p", {class: "id"}, bdi(text(result.on)))];
  const add = (title, ...nodes) => parts.push(make("h5", {}, title), ...nodes);
  if (result.waiver) add(`Waived until ${text(result.waiver[1])}`, make("p", {}, bdi(text(result.waiver[0]))));
  if (result.fix !== undefined) add("Fix", command(text(result.fix), `the fix of ${name}`));
  for (const [language, source] of [
    ["Bicep", rule.bicep],
    ["Terraform", rule.terraform],
  ]) {
    if (result.fix === undefined || source === undefined) continue;
    parts.push(
      make(
        "details",
        {class: "more"},
        make("summary", {}, `The same in ${language}`),
        command(text(source), `the ${language} of ${name}`),
      ),
    );
  }
  if (result.missing)
    add(
      "Not read",
      table(["Of", "What, and why", "Permission that would show it"], result.missing.map(missingRow(result))),
    );
  if (result.evidence) add("Evidence", table(["Of", "Property", "Seen"], result.evidence.map(evidenceRow(result))));
  if (result.assumptions)
    add(
      "Taken for granted",
      make(
        "ul",
        {},
        result.assumptions.map((a) => make("li", {}, bdi(text(a)))),
      ),
    );
  parts.push(
    make(
      "details",
      {class: "more"},
      make("summary", {}, "About this rule"),
      rule.page.map((p) => paragraph(text(p))),
    ),
  );
  add(
    "References",
    make(
      "ul",
      {},
      rule.links.map((link) =>
        make("li", {}, make("a", {href: text(link), target: "_blank", rel: "noopener noreferrer"}, text(link))),
      ),
    ),
  );
  if (rule.controls) parts.push(make("p", {class: "muted"}, `Controls: ${rule.controls.map(text).join(", ")}`));
  return make("div", {class: "inside"}, parts);
};

const finding = (subject, result) => {
  const rule = ruleOf(result),
    severity = severityOf(result);
  return folded(
    `finding ${result.status}`,
    `finding-${subject.number}-${result.number}`,
    false,
    make(
      "summary",
      {},
      make(
        "span",
        {class: "head"},
        make("span", {class: "status"}, icon(result.status), STATUSES[result.status]),
        make("span", {class: `severity ${severity}`}, severity),
        make("span", {class: "rule"}, text(rule.id)),
        make("span", {class: "title"}, text(rule.title)),
        rule.extended && make("span", {class: "muted"}, "extended"),
        result.new && make("span", {class: "new"}, "new"),
      ),
      make("span", {class: "message"}, bdi(text(result.message))),
    ),
    () => findingBody(subject, result),
  );
};
