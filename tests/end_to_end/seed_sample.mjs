// The sample of "Cookie-based authentication", with fetch: the session is taken from the body of the login's answer,
// sent back as the only cookie, and used for a search. Prints what the sample prints, one JSON object a line, and asks
// again for each line it reads.
import { createInterface } from "node:readline";

const base = process.argv[2];
const json = { "Content-Type": "application/json" };

const login = await fetch(`${base}/rest/auth/1/session`, {
  method: "POST",
  headers: json,
  body: JSON.stringify({ username: "admin", password: "admin" }),
});
if (login.status !== 200) {
  throw new Error("Login failed :(");
}
const { session } = await login.json();

async function search() {
  const response = await fetch(`${base}/rest/api/2/search`, {
    method: "POST",
    headers: { ...json, cookie: `${session.name}=${session.value}` },
    body: JSON.stringify({ jql: "type=Bug AND status=Closed" }),
  });
  const result = await response.json();
  const keys = (result.issues ?? []).map((issue) => issue.key);
  console.log(JSON.stringify({ status: response.status, node: response.headers.get("x-anodeid"), keys, result: result.message }));
}

await search();
for await (const _ of createInterface({ input: process.stdin })) {
  await search();
}
