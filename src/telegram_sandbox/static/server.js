/** Requests to the server, on behalf of the user in the page's URL. */

export const user = new URLSearchParams(location.search).get("user") ?? "1";

export const post = (path, body) => fetch(path, {
  method: "POST",
  headers: { "Content-Type": "application/json" },
  body: JSON.stringify({ user: Number(user), ...body }),
});

/** Posts a form; unlike fetch, it reports upload progress. The status is 0 without a connection. */
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
