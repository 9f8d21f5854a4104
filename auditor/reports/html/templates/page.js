// The environments, a page of them at a time, with filters; and what paper needs.

const PER_PAGE = 20;
const OPEN_AT_ONCE = 3;

const root = document.getElementById("report");
const list = make("div", {});
const said = make("p", {role: "status"});
const pager = make("nav", {class: "controls", "aria-label": "Pages of environments"});

const unfoldAll = (open) => list.childNodes.forEach((node) => node.unfold(open));

const show = () => {
  const found = selection();
  const pages = Math.max(Math.ceil(found.length / PER_PAGE), 1);
  wanted.page = Math.min(wanted.page, pages - 1);
  const start = wanted.page * PER_PAGE;
  const cards = found.slice(start, start + PER_PAGE).map((one) => environment(one, found.length <= OPEN_AT_ONCE));
  list.replaceChildren(...cards);
  const environments = found.filter(({subject}) => subject.picture).length;
  const findings = found.reduce((sum, {results}) => sum + results.length, 0);
  const range = found.length > PER_PAGE ? ` (${start + 1} to ${start + cards.length} on this page)` : "";
  said.textContent = found.length
    ? `${plural(environments, "environment")}${range}, ${plural(findings, "finding")} shown`
    : "Nothing matches the filters.";
  pager.hidden = pages === 1;
  const turn = (by) => () => {
    wanted.page += by;
    show();
    document.getElementById("environments").focus();
  };
  pager.replaceChildren(
    make("button", {type: "button", click: turn(-1), disabled: wanted.page === 0}, "Previous"),
    ` Page ${wanted.page + 1} of ${pages} `,
    make("button", {type: "button", click: turn(1), disabled: wanted.page === pages - 1}, "Next"),
  );
};

const later = (act) => {
  let timer;
  return () => {
    clearTimeout(timer);
    timer = setTimeout(act, 150);
  };
};
const restart = () => {
  wanted.page = 0;
  show();
};

const search = make("input", {
  type: "search",
  id: "words",
  autocomplete: "off",
  spellcheck: "false",
  placeholder: "rule, resource, message",
});
search.addEventListener(
  "input",
  later(() => {
    wanted.words = search.value;
    restart();
  }),
);

const choices = (legendWords, names, chosen) =>
  make(
    "fieldset",
    {},
    make("legend", {}, legendWords),
    make(
      "div",
      {class: "choices"},
      Object.entries(names).map(([name, word]) =>
        make(
          "label",
          {},
          make("input", {
            type: "checkbox",
            value: name,
            checked: chosen.has(name),
            change: ({target}) => {
              if (target.checked) chosen.add(name);
              else chosen.delete(name);
              restart();
            },
          }),
          word,
        ),
      ),
    ),
  );

const which = make(
  "select",
  {
    id: "subject",
    change: ({target}) => {
      wanted.subject = target.value;
      restart();
    },
  },
  make("option", {value: ""}, "All"),
  subjects.map((subject) => make("option", {value: subject.number}, subject.name.slice(0, 120))),
);

const form = make("form", {class: "filters", submit: (event) => event.preventDefault(), "aria-label": "Filters"});

const reset = () => {
  Object.assign(wanted, {
    words: "",
    severities: new Set(SEVERITIES),
    statuses: new Set(SHOWN_AT_FIRST),
    subject: "",
    standings: new Set(Object.keys(STANDINGS)),
    page: 0,
  });
  search.value = "";
  which.value = "";
  build();
  show();
};

const build = () =>
  form.replaceChildren(
    make("div", {class: "wide"}, make("label", {class: "label", for: "words"}, "Text"), search),
    choices("Severity", Object.fromEntries(SEVERITIES.map((s) => [s, s])), wanted.severities),
    choices("Status", STATUSES, wanted.statuses),
    ...(data.compared ? [choices("Since the baseline", STANDINGS, wanted.standings)] : []),
    make("div", {class: "wide"}, make("label", {class: "label", for: "subject"}, "Environment"), which),
    make("button", {type: "button", click: reset}, "Reset"),
  );

/** Open one finding, whatever the filters hide. */
const goTo = (subject, number) => {
  const id = `finding-${subject.number}-${number}`;
  if (!document.getElementById(id)) {
    reset();
    which.value = wanted.subject = String(subject.number);
    show();
  }
  const node = document.getElementById(id);
  node.unfold(true);
  node.querySelector("summary").focus();
};

for (const link of document.querySelectorAll("[data-find]")) {
  link.addEventListener("click", () => {
    reset();
    search.value = wanted.words = link.dataset.find;
    wanted.statuses = new Set([link.dataset.status || "fail"]);
    build();
    show();
  });
}

const dark = () =>
  (document.documentElement.dataset.theme ||
    (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";
const theme = make("button", {
  type: "button",
  click: () => {
    document.documentElement.dataset.theme = dark() ? "light" : "dark";
    nameTheme();
  },
});
const nameTheme = () => {
  theme.textContent = dark() ? "Light theme" : "Dark theme";
};

// On paper nothing can be opened: all that the page shows is, with the hops of the paths that are not in order.
let closed = [];
addEventListener("beforeprint", () => {
  printing = true;
  for (const selector of [".environment", ".finding, .path.fail, .path.unknown, .more:has(> .paths)"]) {
    for (const node of list.querySelectorAll(selector)) {
      if (node.open) continue;
      closed.push(node);
      if (node.unfold) node.unfold(true);
      else node.open = true;
    }
  }
});
addEventListener("afterprint", () => {
  for (const node of closed.splice(0)) node.open = false;
  printing = false;
});

build();
nameTheme();
document.querySelector(".side").append(theme);
root.append(
  form,
  make(
    "div",
    {class: "bar"},
    said,
    make(
      "div",
      {class: "controls"},
      make("button", {type: "button", click: () => unfoldAll(true)}, "Open all"),
      make("button", {type: "button", click: () => unfoldAll(false)}, "Close all"),
    ),
  ),
  list,
  make("div", {class: "bar"}, pager),
  copied,
);
show();
document.documentElement.dataset.ready = "yes";
