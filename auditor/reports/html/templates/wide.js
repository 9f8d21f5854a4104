// The picture of one environment's network. Left to right is the packet's way: the AKS subnets, what stands on the way
// and answers the name, the private endpoint, the service, and whether the public network gets in from the right.

const WIDTH = 1120;
const NODES = {left: 16, right: 168};
const LANE = {left: 184, link: 190, zone: 246, zoneRight: 470, records: 478, right: 548};
const GATE = {left: 562, right: 756};
const VNET_PAD = 12;
const SERVICE = {left: 812, right: 1000};
const SUBNETS = {height: 36, shown: 6};
const ROW = {box: 44, lane: 23, gap: 10, says: 24, title: 42, top: 24};

/** How high a row is: its boxes, or the zones under its way, and what it says of itself. */
const heightOf = (path) => {
  const lanes = (path.zones || []).length;
  return Math.max(ROW.box, 24 + lanes * ROW.lane + (lanes ? 10 : 0)) + (path.worst === undefined ? 0 : ROW.says);
};

const drawWide = (drawn, text, words) => {
  const paths = drawn.paths || [];
  const bands = [],
    behind = [],
    lines = [],
    nodes = [];
  let y = ROW.top + ROW.title;
  const areas = new Map();
  let last = paths.length ? paths[0].vnet : undefined;
  const rows = paths.map((path) => {
    if (path.vnet !== last) y += ROW.gap + (path.vnet ? ROW.title : 0);
    last = path.vnet;
    const height = heightOf(path);
    if (path.vnet !== undefined) {
      const area = areas.get(path.vnet) || {top: y - ROW.title, bottom: 0};
      areas.set(path.vnet, {...area, bottom: y + height + ROW.gap / 2});
    }
    const row = {path, y, height};
    y += height + ROW.gap;
    return row;
  });
  const subnets = drawn.subnets || [];
  const listed = subnets.slice(0, SUBNETS.shown);
  const bottom = Math.max(y, ROW.top + ROW.title + 44 + (listed.length + 1) * SUBNETS.height);

  // The VNets lie behind everything; that of AKS is as high as all rows, and wider where it holds the endpoints.
  const right = GATE.right + VNET_PAD,
    edge = NODES.right + VNET_PAD;
  const own = areas.get(0);
  const corner = own ? (rows.some((row) => row.path.vnet !== 0) ? own.bottom : bottom) : ROW.top;
  behind.push(
    svg("path", {
      class: `vnet ${drawn.located}`,
      d: own ? `M4 ${ROW.top}H${right}V${corner}H${edge}V${bottom}H4Z` : `M4 ${ROW.top}H${edge}V${bottom}H4Z`,
    }),
  );
  const [first, ...others] = drawn.vnets;
  nodes.push(label(14, ROW.top + 18, text(first[0]), own ? 500 : edge - 24, "name", 12, 600));
  nodes.push(label(14, ROW.top + 33, under("VNet of AKS", text(first[1])), own ? 500 : edge - 24, "detail", 11));
  others.forEach(([name, space, peering], index) => {
    const area = areas.get(index + 1);
    if (!area) return;
    behind.push(
      svg("rect", {
        x: GATE.left - VNET_PAD,
        y: area.top,
        width: right - GATE.left + VNET_PAD,
        height: area.bottom - area.top,
        class: "vnet",
      }),
    );
    nodes.push(label(GATE.left - 2, area.top + 18, text(name), 190, "name", 12, 600));
    nodes.push(label(GATE.left - 2, area.top + 33, under("VNet", text(space)), 190, "detail", 11));
    const at = area.top + 18;
    lines.push(line(`M${edge} ${at - 3}H${GATE.left - VNET_PAD}M${edge} ${at + 3}H${GATE.left - VNET_PAD}`, peering));
    nodes.push(mark((edge + GATE.left) / 2 - 60, at, "peering of the VNets", peering).node);
  });

  // The nodes reach everything from the same subnets.
  const top = ROW.top + ROW.title;
  nodes.push(
    svg("rect", {
      x: NODES.left,
      y: top,
      width: NODES.right - NODES.left,
      height: Math.max(bottom - top - ROW.gap, ROW.box),
      rx: 6,
      class: `box ${drawn.located}`,
    }),
  );
  nodes.push(label(NODES.left + 10, top + 20, "AKS subnets", 130, "caption", 11, 600));
  listed.forEach(([name, prefix], index) => {
    nodes.push(label(NODES.left + 10, top + 42 + index * SUBNETS.height, text(name), 130, "name", 12, 600));
    nodes.push(label(NODES.left + 10, top + 57 + index * SUBNETS.height, text(prefix), 130, "detail", 11));
  });
  const more = subnets.length
    ? subnets.length > listed.length && `and ${subnets.length - listed.length} more`
    : "not known";
  if (more) nodes.push(label(NODES.left + 10, top + 42 + listed.length * SUBNETS.height, more, 130, "detail", 11));
  nodes.push(...badge(NODES.right - 2, top + 2, drawn.located));

  for (const row of rows) drawRow(row, text, bands, lines, nodes);

  const captions = [
    [14, "From AKS"],
    [LANE.left, "Way, and private DNS zones"],
    [GATE.left, "Private endpoint"],
    [SERVICE.left, "Service"],
    [SERVICE.right + 10, "Public network"],
  ];
  for (const [x, caption] of captions) nodes.push(svg("text", {x, y: 15, class: "caption"}, caption));
  return svg(
    "svg",
    {viewBox: `0 0 ${WIDTH} ${bottom + 6}`, role: "img", "aria-label": words},
    ...bands,
    ...behind,
    ...lines,
    ...nodes,
  );
};

const drawRow = ({path, y, height}, text, bands, lines, nodes) => {
  const middle = y + ROW.box / 2;
  const zones = path.zones || [];
  const gate = path.gate;
  const end = gate ? GATE.left : SERVICE.left;

  const marks = path.marks || [];
  const way = worstOf(marks.map(([, status]) => status));
  lines.push(line(`M${NODES.right} ${middle}H${end}`, way), arrow(end, middle, way));
  let x = LANE.link;
  for (const [words, status] of marks) {
    const {node, width} = mark(x, middle, text(words), status);
    nodes.push(node);
    x += width + 8;
  }

  zones.forEach(([name, link, records], index) => {
    const at = middle + ROW.lane * (index + 1);
    const turn = end + 22 + index * 18;
    const state = worstOf([link, records].filter(Boolean));
    lines.push(
      line(`M${NODES.right} ${at}H${turn}V${y + ROW.box}`, state, "lookup"),
      arrow(turn, y + ROW.box, state, -90),
    );
    nodes.push(
      svg("rect", {x: LANE.zone, y: at - 10, width: LANE.zoneRight - LANE.zone, height: 20, rx: 4, class: "zone"}),
    );
    nodes.push(label(LANE.zone + 8, at + 4, text(name), LANE.zoneRight - LANE.zone - 16, "small", 11));
    nodes.push(mark(LANE.link, at, "link", link).node);
    if (records) nodes.push(mark(LANE.records, at, "records", records).node);
  });

  if (gate) {
    nodes.push(...box(GATE.left, y, GATE.right, ROW.box, text(gate[0]), text(gate[1]), gate[2]));
    const onward = gate[2] === "unknown" ? "unknown" : "pass";
    if (gate[2] !== "fail")
      lines.push(line(`M${GATE.right} ${middle}H${SERVICE.left}`, onward), arrow(SERVICE.left, middle, onward));
  }
  nodes.push(...box(SERVICE.left, y, SERVICE.right, ROW.box, text(path.service), text(path.kind), "pass"));
  if (path.firewall) drawFirewall(path.firewall, middle, lines, nodes);
  if (path.worst !== undefined) {
    const {status, head, message} = says(path, text);
    bands.push(
      svg("rect", {
        x: LANE.left,
        y: y + height - 18,
        width: WIDTH - LANE.left - 8,
        height: 20,
        rx: 4,
        class: `band ${status}`,
      }),
    );
    nodes.push(
      label(LANE.left + 10, y + height - 4, `${head}: ${message}`, WIDTH - LANE.left - 28, `says-${status}`, 12, 600),
    );
  }
};

/** Whether the service is closed to the public network, which would come from the right. */
const drawFirewall = (status, middle, lines, nodes) => {
  if (status === "not-applicable") return;
  if (status === "pass") {
    lines.push(line(`M${SERVICE.right + 12} ${middle - 14}v28`, "pass", "wall"));
    nodes.push(
      sign(SERVICE.right + 28, middle, "pass"),
      svg("text", {x: SERVICE.right + 38, y: middle + 4, class: "small says-pass"}, "closed"),
    );
    return;
  }
  lines.push(
    line(`M${WIDTH - 6} ${middle}H${SERVICE.right + 4}`, status),
    arrow(SERVICE.right + 3, middle, status, 180),
  );
  nodes.push(mark(SERVICE.right + 30, middle, status === "fail" ? "open" : "unknown", status).node);
};
