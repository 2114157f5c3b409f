/** What the page tells the server, in the name of the user whom the address names. */

export const user = new URLSearchParams(location.search).get("user") ?? "1";

export const tell = (path, body) => fetch(path, {
  method: "POST",
  headers: { "Content-Type": "application/json" },
  body: JSON.stringify({ user: Number(user), ...body }),
});

/** Unlike fetch, this tells how much of the body is out. The status is 0 without a connection. */
export function upload(form, onprogress) {
  return new Promise((resolve) => {
    const request = new XMLHttpRequest();
    request.open("POST", "/page/messages");
    request.responseType = "json";
    request.upload.onprogress = ({ loaded, total }) => onprogress(loaded / total);
    request.onloadend = () => resolve(request);
    request.send(form);
  });
}
