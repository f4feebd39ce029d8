/* conversations.js - the table of conversations, and the timeline that each row opens into. */

/* ---- timelines ---- */

function saidText(value, cls) {
    if (value === undefined) {
        return null;
    }
    return el("p", { class: "said " + (cls || ""), dir: "auto" }, textOf(value),
        Array.isArray(value) && el("span.cut", `cut, ${whole(value[1])} bytes in all`));
}

function chosen(c, step) {
    const words = { answer: "answered", nothing: "said nothing", tools: `called ${plural(step.n || 0, "tool")}` };
    if (step.c === "handoff") {
        return ["handed over to ", agent(c.name(step.to))];
    }
    return step.c === "rejected" ? el("span.bad", "asked for ", agent(textOf(step.want)), ", refused")
        : words[step.c] || step.c;
}

function stepRow(c, x, step, offered, span) {
    const wanted = new Set((x.e || []).map(c.name)), at = v => (span ? 100 * v / span : 0).toFixed(2) + "%";
    const chip = name => el("li", { class: (step.to !== undefined && c.name(step.to) === name ? "taken " : "") +
        (wanted.has(name) ? "wanted" : "") },
        agent(name), wanted.has(name) && el("small", " expected"));
    return el("li", { class: "step " + step.c },
        el("div.who", agent(c.name(step.a)), " ", chosen(c, step),
            faint(step.at ? ` ${time(step.at[1] - step.at[0])}` : "",
                step.tok ? ` \u00b7 ${whole(step.tok[0])} tokens in, ${whole(step.tok[1])} out` : "")),
        step.at && el("div.track", el("span.bar.seen",
            { vars: { at: at(step.at[0]), to: at(step.at[1] - step.at[0]) } })),
        offered.length > 0 && el("ul.offered", { "aria-label": "offered" }, offered.map(chip),
            step.more && el("li", `and ${step.more} more`)),
        step.why !== undefined && el("p", { class: step.c === "rejected" ? "bad" : "faint" },
            step.c === "rejected" ? "refused: " : "reason: ", el("bdi", textOf(step.why))),
        saidText(step.t));
}

function exchangeBlock(c, x, number, offers) {
    const steps = x.steps || [], span = Math.max(x.ms || 0, ...steps.map(s => s.at ? s.at[1] : 0));
    const names = refs => refs.map((ref, i) => [i ? " or " : "", agent(c.name(ref))]);
    const route = [x.s, ...(x.r || [])].map((ref, i) => [i ? " \u203a " : "", agent(c.name(ref))])
        .concat(x.hops ? ` \u203a \u2026 ${whole(x.hops)} hops in all` : []);
    return el("div.exchange",
        el("h4", `Exchange ${number}`, faint(x.ms === undefined ? "" : ` ${time(x.ms)}`, x.ttft === undefined ? ""
            : `, first text after ${time(x.ttft)}`,
            x.st ? `, ${x.st.replace(/_/g, " ")}` : "")),
        saidText(x.q, "user"),
        el("p.judged", route, x.e && [", expected ", names(x.e)], x.got !== undefined && [", got ",
            agent(c.name(x.got))],
            x.c !== undefined && el("strong", { class: x.c ? "good" : "bad" }, x.c ? " \u2713 as expected"
                : " \u2717 not as expected"),
            x.opt !== undefined && faint(`, ${plural(hopsOf(x), "hop")}, ${whole(x.opt)} would do`),
            x.loop && el("span.bad", `, loop: ${x.loop.kind.replace("_", " ")} of ${x.loop.k} ` +
                `from hop ${x.loop.onset}, found at ${x.loop.detected}`)),
        (x.why || []).map(reason => el("p.bad", textOf(reason))),
        steps.length > 0 && el("ol.steps", steps.map(step => {
            const agent = c.name(step.a);
            offers.set(agent, step.of ? step.of.map(c.name) : offers.get(agent) || []);
            return stepRow(c, x, step, offers.get(agent), span);
        })),
        x.left && el("p.note", `${plural(x.left, "more step")} not in this page.`),
        saidText(x.t));
}

function timeline(c) {
    const offers = new Map(), spread = c.counts && Object.entries(c.counts).map(([outcome, n]) => `${n} ${outcome}`)
        .join(", ");
    return el("div.timeline", spread && el("p", `Repeats: ${spread}.`),
        run.explain && el("p.faint", "in full: ", el("code", `${run.explain} ${c.id}`)),
        c.runs.map(r => el("div.run", c.counts && el("h3", `Repeat ${(r.n || 0) + 1}: ${r.o}`),
            r.div && el("p.bad",
                `Diverged from the recording in exchange ${r.div.x + 1}, turn ${r.div.turn + 1}: recorded `,
                agent(textOf(r.div.recorded)), ", asked ", agent(textOf(r.div.asked))),
            r.whole && el("p.judged", "The conversation as a whole: ",
                el("strong", { class: r.whole.c ? "good" : "bad" }, r.whole.c === undefined ? "not judged" : r.whole.c
                    ? "\u2713 as expected" : "\u2717 not as expected"),
                (r.whole.why || []).map(reason => [" ", textOf(reason)])),
            r.x.map((x, i) => exchangeBlock(c, x, i + 1, offers)),
                r.left && el("p.note", `${plural(r.left, "more exchange")} not in this page.`))));
}

/* ---- the table of conversations ---- */

const filters = { all: () => true, failed: c => c.o === "failed" || c.o === "error", passed: c => c.o === "passed",
    unlabelled: c => c.o === "unlabelled", loops: c => c.loops };
const columns = [
    { key: "o", title: "verdict", of: c => c.o }, { key: "id", title: "conversation", of: c => c.id },
    { key: "route", title: "route", of: c => c.route }, { key: "hops", title: "hops", of: c => c.hops, cls: "n" },
    { key: "turns", title: "turns", of: c => c.turns, cls: "n" }, { key: "ms", title: "time", of: c => c.ms, cls: "n" },
];
const state = { query: "", show: "all", only: null, sort: null, down: false, page: 0, open: new Set(), origin: null };
const parts = {};

function matches(c) {
    c.text = c.text || [c.id, c.route,
        ...c.runs.flatMap(r => r.x.flatMap(x => [x.q, x.t, ...(x.why || []), ...(x.steps || []).map(s => s.t)]))]
        .map(textOf).join("\n").toLowerCase();
    return c.text.includes(state.query);
}

function selected() {
    const found = conversations.filter(c => filters[state.show](c) && (!state.only || state.only.test(c)) &&
        (!state.query || matches(c)));
    if (state.sort) {
        const of = state.sort.of, sign = state.down ? -1 : 1;
        found.sort((a, b) => {
            const x = of(a), y = of(b);
            return x === y ? a.index - b.index : x === null ? 1 : y === null ? -1 : sign * (x < y ? -1 : 1);
        });
    }
    return found;
}

function toggleRow(c, row) {
    const control = row.querySelector("button"), isOpen = state.open.has(c);
    if (isOpen) {
        state.open.delete(c);
        row.nextSibling.remove();
    } else {
        state.open.add(c);
        row.after(detailRow(c));
    }
    control.setAttribute("aria-expanded", String(!isOpen));
}

const detailRow = c => el("tr.detail", { "data-id": c.id }, el("td", { colspan: columns.length }, timeline(c)));

function conversationRow(c) {
    const marks = { passed: "\u2713", failed: "\u2717", error: "!", unlabelled: "\u00b7" };
    const control = button(el("bdi", c.id), { class: "link id", "aria-expanded": String(state.open.has(c)) });
    const row = el("tr", { class: "conversation " + c.o, "data-id": c.id, on: { click: event => {
        if (getSelection().isCollapsed || event.target.closest("button")) {
            toggleRow(c, row);
        }
    } } }, el("td.outcome", el("span", { "aria-hidden": "true" }, marks[c.o]), " ", c.o),
    el("td", control, el("div.question", { dir: "auto" }, c.question.slice(0, 160))),
    el("td.route", el("bdi", c.route), c.runs[0] && c.runs[0].x.length > 1 &&
        faint(` in ${whole(c.runs[0].x.length)} exchanges`), c.loops && el("span.bad", " loop")),
    el("td.n", { "data-title": "hops" }, whole(c.hops)), el("td.n", { "data-title": "turns" }, whole(c.turns)),
    el("td.n", { "data-title": "time" }, time(c.ms)));
    return [row, state.open.has(c) && detailRow(c)];
}

function render() {
    const found = selected(), pages = Math.max(1, Math.ceil(found.length / PAGE_ROWS));
    state.page = Math.min(state.page, pages - 1);
    const from = state.page * PAGE_ROWS, rows = found.slice(from, from + PAGE_ROWS);
    parts.body.replaceChildren(...rows.map(conversationRow).flat().filter(Boolean));
    parts.status.textContent = found.length === 0 ? "No conversation is like that."
        : `${whole(from + 1)} to ${whole(from + rows.length)} of ${plural(found.length, "conversation")}`;
    parts.back.disabled = state.page === 0;
    parts.next.disabled = state.page === pages - 1;
    parts.heads.forEach((head, i) => head.setAttribute("aria-sort", state.sort !== columns[i] ? "none" : state.down
        ? "descending" : "ascending"));
    Object.entries(parts.filters).forEach(([name, control]) => control.setAttribute("aria-pressed",
        String(state.show === name)));
    parts.only.hidden = !state.only;
    parts.only.firstChild.textContent = state.only ? visible(state.only.title) + " \u00d7" : "";
    document.querySelectorAll("[data-cell]").forEach(cell => cell.setAttribute("aria-pressed",
        String(Boolean(state.only) && cell.dataset.cell === state.only.cell)));
    return found;
}

function change(values) {
    Object.assign(state, { page: 0 }, values);
    return render();
}

function reveal(only, origin) {
    change({ only, origin, show: "all", query: "" });
    parts.search.value = "";
    document.getElementById("list-title").scrollIntoView();
    parts.only.firstChild.focus({ preventScroll: true });
}

function toggleCell(expected, observed, origin) {
    const cell = cellKey(expected, observed);
    if (state.only && state.only.cell === cell) {
        change({ only: null });
        return;
    }
    reveal({ cell, title: `expected ${expected}, got ${observed}`, test: c => c.cells.has(cell) }, origin);
}

function showOnly(name) {
    change({ show: name, only: null });
    document.getElementById("list-title").scrollIntoView();
    parts.filters[name].focus({ preventScroll: true });
}

function openConversation(id) {
    const c = conversations.find(other => other.id === id);
    state.open.add(c);
    change({ query: "", show: "all", only: null });
    parts.search.value = "";
    state.page = Math.floor(selected().indexOf(c) / PAGE_ROWS);
    render();
    const row = [...parts.body.children].find(other => other.dataset.id === id);
    row.scrollIntoView();
    row.querySelector("button").focus({ preventScroll: true });
}

function dropOnly() {
    const origin = state.origin;
    change({ only: null, origin: null });
    (origin && origin.isConnected ? origin : parts.search).focus();
}

/* Arrows go from row to row, Escape closes what is open or takes the filter away. */
function tableKeys(event) {
    const rows = [...parts.body.querySelectorAll("tr.conversation")], inside = event.target.closest("tr");
    const row = inside && (inside.classList.contains("detail") ? inside.previousSibling : inside),
        at = rows.indexOf(row);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: rows.length - 1 }[event.key];
    if (at >= 0 && to !== undefined && rows[to] && event.target.matches("button.id")) {
        event.preventDefault();
        rows[to].querySelector("button").focus();
    } else if (event.key === "Escape" && at >= 0 && row.nextSibling && row.nextSibling.className === "detail") {
        event.stopPropagation();
        toggleRow(conversations.find(c => c.id === row.dataset.id), row);
        row.querySelector("button").focus();
    }
}

function tableControls() {
    parts.search = el("input", { type: "search", id: "search", placeholder: "search ids, agents, texts",
        "aria-label": "search conversations",
        on: { input: () => change({ query: parts.search.value.toLowerCase() }) } });
    parts.filters = Object.fromEntries(Object.entries(filters).map(([name, test]) => [name,
        conversations.filter(test).length])
        .filter(([name, n]) => n > 0 || ["all", "failed", "loops"].includes(name))
        .map(([name, n]) => [name, button(`${name} ${whole(n)}`,
            { "data-filter": name, on: { click: () => change({ show: name }) } })]));
    parts.only = el("span.only", { hidden: true },
        button("", { class: "chip", on: { click: dropOnly }, title: "take this filter away" }));
    parts.status = el("p.faint", { id: "status", role: "status" });
    parts.back = button("Back", { on: { click: () => change({ page: state.page - 1 }) } });
    parts.next = button("Next", { id: "next", on: { click: () => change({ page: state.page + 1 }) } });
    return [el("div.controls", parts.search, el("div.filters", { role: "group", "aria-label": "which conversations" },
        Object.values(parts.filters)), parts.only), el("div.controls", parts.status,
            el("div.pager", parts.back, parts.next))];
}

function conversationTable() {
    const controls = tableControls();
    parts.heads = columns.map(column => el("th", { scope: "col", class: column.cls, "data-sort": column.key },
        button(column.title, { class: "sort",
            on: { click: () => change({ sort: column, down: state.sort === column && !state.down }) } })));
    parts.body = el("tbody");
    return section("list", "Conversations", shownNote(), controls,
        el("table.conversations", { id: "table", on: { keydown: tableKeys } },
        el("caption.unseen", "Conversations; each opens into its timeline"), el("thead", el("tr", parts.heads)),
            parts.body));
}
