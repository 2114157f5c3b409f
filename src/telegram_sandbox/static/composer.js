/** The composer, where the user writes, attaches files and picks commands. */

import { div, make, makeIconButton, page } from "./elements.js";
import { makePreview, send } from "./sending.js";
import { translate } from "./texts.js";

const MAX_FILES = 10;
const MAX_FILE_BYTES = 50 * 1024 * 1024;

/** The attachments of the next message: [{file, url}]. */
let attachments = [];
/** The bot's commands: [{command, description}]. */
let commands = [];

export function setCommands(list) {
  commands = list;
  refreshComposer();
}

function attach(files) {
  if (page.composer.hidden) return;
  const small = [...files].filter(({ size }) => size <= MAX_FILE_BYTES);
  const large = [...files].find(({ size }) => size > MAX_FILE_BYTES);
  const taken = small.slice(0, MAX_FILES - attachments.length);
  page.notice.textContent = taken.length < small.length ? translate("tooMany") : "";
  if (large) page.notice.textContent = translate("tooLarge", large.name);
  attachments.push(...taken.map((file) => ({ file, url: URL.createObjectURL(file) })));
  page.files.value = "";
  refreshTray();
  page.text.focus();
}

export function refreshTray() {
  page.photo.disabled = page.sticker.disabled =
    !attachments.every(({ file }) => file.type.startsWith("image/"));
  if (page.photo.disabled) page.document.checked = true;
  else if (!attachments.length) page.photo.checked = true;
  page.spoiler.disabled = !page.photo.checked;
  if (page.spoiler.disabled || !attachments.length) page.spoiler.checked = false;
  page.tray.hidden = !attachments.length;
  page.attached.replaceChildren(...attachments.map(makeAttachment));
  refreshComposer();
}

function makeAttachment(attachment) {
  const { name } = attachment.file;
  const detach = () => {
    attachments = attachments.filter((other) => other !== attachment);
    URL.revokeObjectURL(attachment.url);
    page.notice.textContent = "";
    refreshTray();
  };
  return div("attachment", makePreview(attachment), make("span", {}, name),
    makeIconButton("close", translate("remove", name), detach));
}

function refreshComposer() {
  const label = translate(attachments.length ? "caption" : "message");
  page.text.placeholder = page.text.ariaLabel = label;
  page.text.maxLength = attachments.length ? 1024 : 4096;
  page.text.style.height = "auto";
  page.text.style.height = `${page.text.scrollHeight}px`;
  page.slash.hidden = Boolean(page.text.value || attachments.length || !commands.length);
  page.send.disabled = !page.text.value.trim() && !attachments.length;
  refreshMenu();
}

function submit() {
  const kind = ["photo", "sticker", "document"].find((name) => page[name].checked);
  const spoiler = page.spoiler.checked;
  const outgoing = { text: page.text.value.trim(), attachments, kind, spoiler };
  if (!outgoing.text && !attachments.length) return;
  attachments = [];
  page.text.value = page.notice.textContent = "";
  refreshTray();
  send(outgoing);
}

/** Lists the commands that start with the typed text, and marks the first. */
function refreshMenu() {
  const typed = page.text.value;
  const matches = commands.filter(({ command }) => typed && `/${command}`.startsWith(typed));
  page.menu.replaceChildren(...matches.map(({ command, description }) => make("li",
    { id: `command-${command}`, role: "option", onclick: () => choose(command) },
    make("b", {}, `/${command}`), " ", description)));
  page.menu.hidden = !matches.length;
  mark(0);
}

function mark(index) {
  const options = [...page.menu.children];
  const marked = options.at(index % (options.length || 1));
  for (const option of options) option.ariaSelected = String(option === marked);
  marked?.scrollIntoView({ block: "nearest" });
  if (marked) page.text.setAttribute("aria-activedescendant", marked.id);
  else page.text.removeAttribute("aria-activedescendant");
}

function choose(command) {
  page.text.value = "";
  refreshComposer();
  send({ text: `/${command}` });
}

function onKey(event) {
  if (event.isComposing) return;
  const options = [...page.menu.children];
  const marked = options.findIndex((option) => option.ariaSelected === "true");
  const open = !page.menu.hidden;
  const reactions = {
    ArrowDown: open && (() => mark(marked + 1)),
    ArrowUp: open && (() => mark(marked - 1)),
    Escape: open && (() => { page.menu.hidden = true; }),
    Tab: open && !event.shiftKey && (() => options[marked].click()),
    Enter: !event.shiftKey && (open ? () => options[marked].click() : submit),
  };
  if (!reactions[event.key]) return;
  event.preventDefault();
  reactions[event.key]();
}

function acceptDrops() {
  const hasFiles = (event) => event.dataTransfer.types.includes("Files");
  const hide = () => { page.drop.hidden = true; };
  addEventListener("dragover", (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    page.drop.hidden = page.composer.hidden;
  });
  addEventListener("dragleave", (event) => event.relatedTarget ?? hide());
  addEventListener("drop", (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    hide();
    attach(event.dataTransfer.files);
  });
  addEventListener("paste", ({ clipboardData: { files } }) => files.length && attach(files));
}

acceptDrops();
for (const button of [page.attach, page.choose]) {
  button.addEventListener("click", () => page.files.click());
}
page.slash.addEventListener("click", () => {
  page.text.value = "/";
  page.text.focus();
  refreshComposer();
});
page.files.addEventListener("change", () => attach(page.files.files));
page.composer.addEventListener("submit", (event) => { event.preventDefault(); submit(); });
page.tray.addEventListener("change", refreshTray);
page.text.addEventListener("input", refreshComposer);
page.text.addEventListener("keydown", onKey);
