/* page.js - puts the sections together. */

function footer() {
    const s = summary.suite, item = (name, value) => value !== null && value !== "" && [el("dt", name),
        el("dd", el("bdi", value))];
    return el("footer", el("dl", item("baton", summary.baton.version), item("provider", s.provider),
        item("profile", s.profile),
        item("seed", String(s.seed)), item("repeats", String(s.repeat)), item("shard", s.shard),
            item("fingerprint", s.fingerprint),
        item("agents", s.agents_digest), item("conversations", s.conversations_digest)));
}

function draw() {
    const sections = [gates(), comparison(), figures(), confusion(), handoffs(), agents(), depths(), loopBlock(),
        latencies(), conversationTable()].filter(Boolean);
    const links = sections.map(s => el("a", { href: "#" + s.id }, s.firstChild.textContent));
    document.getElementById("page").append(el("nav", { "aria-label": "sections" }, el("div", links), themeSwitch()),
        header(), el("main", sections), footer());
    document.addEventListener("keydown", event => {
        if (event.key === "Escape" && state.only) {
            dropOnly();
        }
    });
    render();
}

draw();
