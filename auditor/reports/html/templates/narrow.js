// The same picture for a narrow page: the AKS subnets on top, a trunk from them to every path, the paths one below the
// other.

const NARROW = {width: 340, trunk: 14, left: 28, gateRight: 176, service: 194, right: 334};
const PUBLIC = {pass: "closed to the public", fail: "open to the public", unknown: "unknown"};

const drawNarrow = (drawn, text, words) => {
  const {width, trunk, left, right} = NARROW;
  const lines = [],
    nodes = [];
  const [first, ...others] = drawn.vnets;
  const subnets = drawn.subnets || [];
  const deep = 72 + Math.max(subnets.length, 1) * 18;
  nodes.push(svg("rect", {x: 2, y: 2, width: width - 4, height: deep, class: `vnet ${drawn.located}`}));
  nodes.push(label(12, 20, text(first[0]), width - 24, "name", 12, 600));
  nodes.push(label(12, 35, under("VNet of AKS", text(first[1])), width - 24, "detail", 11));
  nodes.push(svg("rect", {x: 8, y: 42, width: width - 16, height: deep - 46, rx: 6, class: `box ${drawn.located}`}));
  nodes.push(svg("text", {x: 18, y: 59, class: "caption"}, "AKS subnets"), ...badge(width - 12, 44, drawn.located));
  subnets.forEach(([name, prefix], index) =>
    nodes.push(label(18, 77 + index * 18, under(text(name), text(prefix)), width - 40, "small", 11)),
  );
  if (!subnets.length) nodes.push(label(18, 77, "not known", 200, "small", 11));

  let y = deep + 16,
    end = y;
  let last;
  for (const path of drawn.paths || []) {
    if (path.vnet && path.vnet !== last) {
      const [name, space] = others[path.vnet - 1];
      nodes.push(label(left, y + 10, text(name), right - left, "name", 12, 600));
      nodes.push(label(left, y + 25, under("VNet of the endpoints", text(space)), right - left, "detail", 11));
      y += 36;
    }
    last = path.vnet;
    ({y, end} = drawNarrowPath(path, y, text, lines, nodes));
  }
  lines.unshift(svg("path", {d: `M${trunk} ${deep}V${end}`, class: "edge pass"}));
  return svg(
    "svg",
    {viewBox: `0 0 ${width} ${y}`, role: "img", class: "narrow", "aria-label": words},
    ...lines,
    ...nodes,
  );
};

/** One path, from a height on; answers where the next begins, and where the trunk met its boxes. */
const drawNarrowPath = (path, from, text, lines, nodes) => {
  const {trunk, left, right} = NARROW;
  let y = from;
  let x = left;
  for (const [word, status] of path.marks || []) {
    const {node, width: wide} = mark(x, y + 8, text(word), status);
    lines.push(line(`M${trunk} ${y + 8}H${x}`, status));
    nodes.push(node);
    x += wide + 6;
  }
  if (path.marks) y += 24;
  for (const [name, link, records] of path.zones || []) {
    lines.push(line(`M${trunk} ${y + 8}H${right - 20}`, worstOf([link, records].filter(Boolean)), "lookup"));
    const {node, width: wide} = mark(left, y + 8, "link", link);
    const start = left + wide + 6,
      stop = records ? right - 74 : right;
    nodes.push(node, svg("rect", {x: start, y: y - 2, width: stop - start - 6, height: 20, rx: 4, class: "zone"}));
    nodes.push(label(start + 6, y + 12, text(name), stop - start - 18, "small", 11));
    if (records) nodes.push(mark(stop, y + 8, "records", records).node);
    y += 25;
  }
  const end = y + 22;
  const way = worstOf((path.marks || []).map(([, status]) => status));
  lines.push(line(`M${trunk} ${end}H${left}`, way), arrow(left, end, way));
  const service = path.gate ? NARROW.service : left;
  if (path.gate) {
    nodes.push(...box(left, y, NARROW.gateRight, 44, text(path.gate[0]), text(path.gate[1]), path.gate[2]));
    if (path.gate[2] !== "fail")
      lines.push(line(`M${NARROW.gateRight} ${end}H${service}`, path.gate[2]), arrow(service, end, path.gate[2]));
  }
  nodes.push(...box(service, y, right, 44, text(path.service), text(path.kind), "pass"));
  y += 44;
  if (path.firewall && path.firewall !== "not-applicable") {
    const fault = path.firewall !== "pass";
    const {node, width: wide} = mark(service, y + 19, PUBLIC[path.firewall], path.firewall);
    const middle = service + wide / 2;
    nodes.push(node);
    if (fault)
      lines.push(line(`M${middle} ${y + 12}V${y + 4}`, path.firewall), arrow(middle, y + 1, path.firewall, -90));
    else lines.push(line(`M${service + 4} ${y + 5}H${right - 4}`, "pass", "wall"));
    y += 32;
  }
  if (path.worst !== undefined) {
    const {status, head, message} = says(path, text);
    nodes.push(svg("rect", {x: left, y, width: right - left, height: 36, rx: 4, class: `band ${status}`}));
    nodes.push(label(left + 6, y + 14, head, right - left - 12, `small says-${status}`, 11, 600));
    nodes.push(label(left + 6, y + 29, message, right - left - 12, `small says-${status}`, 11, 600));
    y += 38;
  }
  return {y: y + 16, end};
};
