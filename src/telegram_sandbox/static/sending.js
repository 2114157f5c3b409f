/** Sends messages, and shows each as pending until the server has accepted it. */

import { div, make, makeButton, makeIcon, page } from "./elements.js";
import { follow } from "./scrolling.js";
import { upload, user } from "./server.js";
import { language, translate } from "./texts.js";

/** Shows `outgoing` as pending and posts it: {text, attachments: [{file, url}], kind, spoiler}. */
export function send(outgoing) {
  const row = makePending(outgoing);
  page.pending.append(row);
  follow();
  return trySend(outgoing, row);
}

async function trySend(outgoing, row) {
  const note = row.querySelector(".note");
  const hidden = !outgoing.attachments?.length;
  const progress = make("progress", { ariaLabel: translate("sending"), hidden });
  note.replaceChildren(progress);
  const { status, response } = await upload(fill(outgoing), (part) => {
    if (part < 1) progress.value = part;
    else progress.removeAttribute("value");
  });
  if (status === 200) discard(outgoing, row);
  else note.replaceChildren(...makeFailure(outgoing, row, status, response?.error));
}

function fill({ text, attachments = [], kind, spoiler }) {
  const form = new FormData();
  form.append("user", user);
  form.append("language", language);
  if (text) form.append(attachments.length ? "caption" : "text", text);
  for (const { file } of attachments) form.append(kind, file);
  if (spoiler) form.append("spoiler", "true");
  return form;
}

function makePending({ text, attachments = [], kind }) {
  const parts = attachments.map((attachment) => make("article", {}, kind !== "document"
    ? div("picture", makePreview(attachment))
    : div("document", makeIcon("file"), make("b", {}, attachment.file.name))));
  const words = text && make("p", { className: "words" }, text);
  const row = div("row user pending", div("bubble", ...parts, words, div("note")));
  if (parts.length > 1) row.dataset.album = "";
  return row;
}

/** Creates a preview of an attached file: an icon if the browser can't show it as an image. */
export function makePreview({ file, url }) {
  if (!file.type.startsWith("image/")) return makeIcon("file");
  const image = make("img", { src: url, alt: file.name });
  image.onerror = () => image.replaceWith(makeIcon("picture"));
  return image;
}

function makeFailure(outgoing, row, status, reason) {
  const asFile = () => {
    outgoing.kind = "document";
    trySend(outgoing, row);
  };
  const explanation = status === 0 ? translate("noServer") : translate("refused", reason ?? status);
  return [
    make("p", { role: "alert" }, explanation),
    makeButton("plain", () => trySend(outgoing, row), translate("retry")),
    status === 422 && outgoing.kind !== "document"
      && makeButton("plain", asFile, translate("sendAsFile")),
    makeButton("plain", () => discard(outgoing, row), translate("discard")),
  ].filter(Boolean);
}

function discard({ attachments = [] }, row) {
  for (const { url } of attachments) URL.revokeObjectURL(url);
  row.remove();
}
