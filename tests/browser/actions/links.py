"""A page whose link to the kernel loses messages, delays others, and counts what it does."""

from dataclasses import dataclass
from typing import Any

from tests.browser.harness import LabPage

# In front of the page's WebSocket: of what comes from ipyflow every third message is lost and every fifth comes late,
# behind those that followed it; of what goes to it every third is lost. Off until `rough` is set; `deaf` loses all.
POOR_LINK = """(() => {
    const link = window.__link = { rough: false, deaf: false, lost: 0, late: 0, unsent: 0, resync: 0 };
    const decode = data => typeof data === 'string' ? data : new TextDecoder().decode(data);
    const kind = data => /"type": ?"(\\w+)"/g;
    let coming = 0, going = 0;
    const handler = Object.getOwnPropertyDescriptor(WebSocket.prototype, 'onmessage');
    Object.defineProperty(WebSocket.prototype, 'onmessage', { ...handler, set(hear) {
        handler.set.call(this, hear && (event => {
            const text = link.rough || link.deaf ? decode(event.data) : '';
            const news = text.includes('comm_msg') && /"(delta|snapshot|answer|detail|rows)"/.test(text);
            if (!news) return hear.call(this, event);
            coming += 1;
            if (link.deaf || coming % 3 === 0) link.lost += 1;
            else if (coming % 5 === 0) {
                link.late += 1;
                setTimeout(() => hear.call(this, event), 250);
            } else hear.call(this, event);
        }));
    } });
    const send = WebSocket.prototype.send;
    WebSocket.prototype.send = function (data) {
        const text = decode(data);
        const ours = text.includes('ipyflow_request') || text.includes('comm_msg');
        if (ours && /"type": ?"resync"/.test(text)) link.resync += 1;
        if (ours && link.rough && (going += 1) % 3 === 0) { link.unsent += 1; return; }
        return send.call(this, data);
    };
})()"""


@dataclass
class PoorLink:
    """Of a page that is opened from here on."""

    page: LabPage

    def __post_init__(self) -> None:
        self.page.page.add_init_script(POOR_LINK)

    def rough(self, on: bool) -> None:
        self.page.page.evaluate("on => { window.__link.rough = on }", on)

    def deaf(self, on: bool) -> None:
        self.page.page.evaluate("on => { window.__link.deaf = on }", on)

    @property
    def counts(self) -> dict[str, Any]:
        found: dict[str, Any] = self.page.page.evaluate("() => window.__link")
        return found
