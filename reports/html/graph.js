/* graph.js - the handoff graph as a layered drawing: agents stand in columns by their distance from the entry. */

function graphData() {
    const edges = new Map(), declared = new Map(), starts = new Map(), refused = [];
    const edge = (from, to) => {
        const key = cellKey(from, to);
        return edges.get(key) || edges.set(key, { from, to, count: 0, refused: 0, kind: "unused" }).get(key);
    };
    summary.edges.forEach(e => Object.assign(edge(e.from, e.to), { count: e.count, kind: "used" }));
    coverage.unused_edges.forEach(e => edge(e.from, e.to));
    for (const { c, x } of exchanges()) {
        starts.set(c.name(x.s), (starts.get(c.name(x.s)) || 0) + 1);
        for (const step of x.steps || []) {
            if (step.of && !step.more) {
                declared.set(c.name(step.a), new Set([...(declared.get(c.name(step.a)) || []),
                    ...step.of.map(c.name)]));
            }
            if (step.c === "rejected" && step.want) {
                refused.push([c.name(step.a), textOf(step.want).replace(/^transfer_to_/, ""),
                    /unknown tool/.test(textOf(step.why))]);
            }
        }
    }
    for (const [from, to, isUnknown] of refused) { /* under another name a tool may lead to an agent that is declared */
        if (isUnknown || edges.has(cellKey(from, to))) {
            edge(from, to).refused++;
        }
    }
    const isDeclared = e => coverage.unused_edges.some(u => u.from === e.from && u.to === e.to);
    for (const e of edges.values()) {
        const offered = declared.get(e.from);
        if ((e.count || e.refused) && (offered ? !offered.has(e.to) : !e.count && !isDeclared(e))) {
            e.kind = "undeclared";
        }
    }
    const scored = routing.agents.map(a => a.agent).filter(name => name[0] !== "@");
    const names = [...new Set([...starts.keys(), ...[...edges.values()].flatMap(e => [e.from, e.to]),
        ...coverage.unused_agents, ...scored])].sort();
    const out = name => summary.edges.reduce((sum, e) => sum + (e.from === name ? e.count : e.to === name ? -e.count
        : 0), 0);
    const entry = [...names].sort((a, b) => (starts.get(b) || 0) - (starts.get(a) || 0) || out(b) - out(a))[0];
    return { names, entry, edges: [...edges.values()].sort((a, b) => a.from < b.from ? -1 : a.from > b.from ? 1
        : a.to < b.to ? -1 : 1) };
}

function columnsOf(graph) {
    const distance = new Map(), columns = [], out = name => graph.edges.filter(e => e.from === name).length;
    for (const start of [graph.entry,
        ...[...graph.names].sort((a, b) => out(b) - out(a))]) { /* what the entry does not reach starts anew */
        const queue = distance.has(start) ? [] : [start];
        queue.forEach(name => distance.set(name, 0));
        for (const name of queue) {
            for (const e of graph.edges.filter(other => other.from === name && !distance.has(other.to))) {
                distance.set(e.to, distance.get(name) + 1);
                queue.push(e.to);
            }
        }
    }
    const last = Math.max(...distance.values());
    for (let d = 0; d <= last; d++) {
        const layer = graph.names.filter(name => distance.get(name) === d);
        for (let parts = Math.ceil(layer.length / COLUMN_NODES),
            i = 0; i < parts; i++) { /* high layers become several columns */
            columns.push(layer.slice(Math.floor(i * layer.length / parts), Math.floor((i + 1) * layer.length / parts)));
        }
    }
    return columns;
}

/* Places nodes, and bends where an edge passes columns in between: x and y of all, points of each edge. */
function place(graph) {
    const label = name => name.length > 24 ? name.slice(0, 23) + "\u2026" : name, GAP_X = 96, GAP_Y = 46, GAP_BEND = 20;
    const items = new Map(), columns = columnsOf(graph).map((names, column) => names.map(name => {
        const item = { name, column, label: label(name), width: Math.max(56, label(name).length * 7.6 + 26), near: [],
            y: 0 };
        items.set(name, item);
        return item;
    }));
    const link = (a, b) => { a.near.push(b); b.near.push(a); };
    for (const e of graph.edges) {
        const from = items.get(e.from), to = items.get(e.to), step = Math.sign(to.column - from.column);
        e.points = [from];
        for (let c = from.column + step; step && c !== to.column; c += step) {
            const bend = { column: c, width: 0, near: [], y: 0 };
            columns[c].push(bend);
            link(e.points[e.points.length - 1], bend);
            e.points.push(bend);
        }
        link(e.points[e.points.length - 1], to);
        e.points.push(to);
    }
    const gap = (a, b) => a.name && b.name ? GAP_Y : a.name || b.name ? GAP_Y * 0.75 : GAP_BEND;
    const mean = item => item.near.length ? item.near.reduce((sum, other) => sum + other.y, 0) / item.near.length
        : item.y;
    const stack = column => {
        column.forEach((item, i) => { item.y = i ? column[i - 1].y + gap(column[i - 1], item) : 0; });
        const middle = column.length ? column[column.length - 1].y / 2 : 0;
        column.forEach(item => { item.y -= middle; });
    };
    columns.forEach(stack);
    for (let sweep = 0; sweep < 12; sweep++) {
        for (const column of sweep % 2 ? [...columns].reverse() : columns) {
            const wanted = new Map(column.map(item => [item, mean(item)]));
            column.sort((a, b) => wanted.get(a) - wanted.get(b));
            stack(column);
            const shift = column.length ? column.reduce((sum, item) => sum + wanted.get(item) - item.y,
                0) / column.length : 0;
            column.forEach(item => { item.y += columns.length > 2 ? shift : 0; });
        }
    }
    let x = 24;
    for (const column of columns) {
        const widest = Math.max(0, ...column.map(item => item.width));
        column.forEach(item => { item.x = x + widest / 2; });
        x += widest + GAP_X;
    }
    const ys = columns.flat().map(item => item.y), top = Math.min(...ys) - 44;
    columns.flat().forEach(item => { item.y -= top; });
    return { nodes: [...items.values()], width: Math.round(x - GAP_X + 56),
        height: Math.round(Math.max(...ys) - top + 44) };
}

function edgePath(e) {
    const from = e.points[0], to = e.points[e.points.length - 1], n = value => value.toFixed(1);
    if (from === to) { /* to itself: a loop above the node */
        const y = from.y - 16;
        return { d: `M${n(from.x - 12)} ${n(y)}c-10 -24 34 -24 24 0`, x: from.x, y: y - 20 };
    }
    if (from.column === to.column) { /* an arc on the right, wider the farther */
        const right = Math.max(from.x + from.width / 2, to.x + to.width / 2),
            bulge = 22 + Math.min(50, Math.abs(to.y - from.y) / 4);
        const x1 = from.x + from.width / 2, x2 = to.x + to.width / 2 + 3;
        const out = n(right + bulge);
        return { d: `M${n(x1)} ${n(from.y)}C${out} ${n(from.y)} ${out} ${n(to.y)} ${n(x2)} ${n(to.y)}`,
            x: right + bulge * 0.75, y: (from.y + to.y) / 2 };
    }
    const ahead = Math.sign(to.column - from.column), off = -5 * ahead; /* there above, back below */
    const points = e.points.map(p => [p.x, p.y + off]);
    points[0][0] += ahead * from.width / 2;
    points[points.length - 1][0] -= ahead * (to.width / 2 + 3);
    let d = `M${n(points[0][0])} ${n(points[0][1])}`;
    for (let i = 1; i < points.length; i++) {
        const [ax, ay] = points[i - 1], [bx, by] = points[i], half = (bx - ax) / 2;
        d += `C${n(ax + half)} ${n(ay)} ${n(bx - half)} ${n(by)} ${n(bx)} ${n(by)}`;
    }
    /* The count stands nearer to the end that fewer edges share. */
    const i = Math.floor(points.length / 2), [ax, ay] = points[i - 1], [bx, by] = points[i];
    const t = points.length > 2 ? 1 : to.near.length <= from.near.length ? 0.64 : 0.36, x = 1.5 * t * (1 - t) + t ** 3,
        y = t * t * (3 - 2 * t);
    return { d, x: ax + (bx - ax) * x, y: ay + (by - ay) * y + 4 };
}

function drawEdge(e, most) {
    const path = edgePath(e), times = e.count || e.refused, what = e.count ? `taken ${whole(e.count)} times`
        : e.refused ? `asked for and refused ${whole(e.refused)} times in this page` : "never taken";
    const line = svg("path." + e.kind, { d: path.d, "stroke-width": (1.2 + 5 * e.count / most).toFixed(2),
        "marker-end": `url(#to-${e.kind})` },
        svg("title", `${e.from} \u203a ${e.to}: ${what}${e.kind === "undeclared" ? "; not declared" : ""}`));
    return { e, line, label: times > 0 && svg("text." + e.kind, { x: path.x.toFixed(1), y: path.y.toFixed(1) },
        whole(times)) };
}

function drawNode(item, graph, drawn) {
    const into = graph.edges.reduce((sum, e) => sum + (e.to === item.name ? e.count : 0), 0),
        isUnused = coverage.unused_agents.includes(item.name);
    const light = isOn => drawn.forEach(({ e, line, label }) => [line, label].filter(Boolean)
        .forEach(part => part.classList.toggle("dim", isOn && e.from !== item.name && e.to !== item.name)));
    const act = event => {
        if (event.type === "click" || event.key === "Enter" || event.key === " ") {
            event.preventDefault();
            reveal({ title: `with ${item.name}`, test: c => c.agents.has(item.name) }, event.currentTarget);
        }
    };
    return svg("g", { class: `node${item.name === graph.entry ? " entry" : ""}${isUnused ? " unused" : ""}`,
        role: "button",
        "aria-label": `${item.name}: entered ${whole(into)} times` +
            `${isUnused ? ", never used" : ""}; show its conversations`,
        on: { mouseenter: () => light(true), mouseleave: () => light(false), focus: () => light(true),
            blur: () => light(false), click: act, keydown: act } },
    svg("title", item.name), svg("rect", { x: item.x - item.width / 2, y: item.y - 16, width: item.width, height: 32,
        rx: 8 }),
    svg("text", { x: item.x, y: item.y + 4.5 }, item.label));
}

function drawGraph(graph) {
    const { nodes, width, height } = place(graph), most = Math.max(1, ...graph.edges.map(e => e.count));
    const arrow = kind => svg("marker." + kind, { id: "to-" + kind, viewBox: "0 0 8 8", refX: 7, refY: 4,
        markerWidth: 9, markerHeight: 9,
        markerUnits: "userSpaceOnUse", orient: "auto" }, svg("path", { d: "M0 .8 7.5 4 0 7.2z" }));
    const drawn = [...graph.edges].sort((a, b) => a.count - b.count).map(e => drawEdge(e, most));
    const boxes = nodes.map(item => drawNode(item, graph, drawn));
    roving(boxes, (i, key) => ({ ArrowRight: i + 1, ArrowDown: i + 1, ArrowLeft: i - 1, ArrowUp: i - 1 })[key]);
    return el("div.scroll.graph", svg("svg", { viewBox: `0 0 ${width} ${height}`, width, height, role: "group",
        "aria-label": "Handoff graph" },
        svg("defs", ["used", "unused", "undeclared"].map(arrow)), svg("g.edges", drawn.map(d => d.line)),
            svg("g.counts", drawn.map(d => d.label)), boxes));
}

function handoffs() {
    const graph = graphData(), rows = [...graph.edges].sort((a, b) => b.count - a.count || b.refused - a.refused);
    const list = () => table("Handoffs", [["from"], ["to"], ["taken", "n"], ["refused in this page", "n"],
        ["declared"]],
        rows.slice(0, ROWS_MAX).map(e => [agent(e.from), agent(e.to), whole(e.count), whole(e.refused),
            e.kind === "undeclared" ? "no" : "yes"]));
    const covered = coverage.edges === null ? "No handoffs are declared."
        : `${percent(coverage.edges)} of the declared handoffs and ` +
        `${percent(coverage.agents)} of the agents were used.`;
    if (!graph.names.length || graph.names.length > GRAPH_AGENTS_MAX) {
        const first = rows.length > ROWS_MAX ? `, the first ${ROWS_MAX} of ${whole(rows.length)}` : "";
        return section("handoffs", "Handoffs", graph.names.length === 0 ? "No agents." : `${covered} ` +
            `${whole(graph.names.length)} agents are too many to draw well; here they are as a table${first}.`,
        rows.length > 0 && list());
    }
    return section("handoffs", "Handoffs", `${covered} Choose an agent to see its conversations.`, drawGraph(graph),
        el("p.keys", el("span.key.used", "taken, wider the more often"), el("span.key.unused", "declared, never taken"),
            graph.edges.some(e => e.kind === "undeclared") && el("span.key.undeclared", "not declared")),
        rows.length > 0 && el("details", el("summary", "As a table"), list()));
}
