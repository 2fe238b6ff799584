// Reads the OData service with @odata/client, which gets its own token by client credentials.
import { OData } from "@odata/client";

const { issuer, client_id, client_secret, user_id } = JSON.parse(process.argv[2]);
const client = OData.New4({
  serviceEndpoint: `${issuer}/odata/data/`,
  credential: {
    tokenUrl: `${issuer}/oauth2/server/token`,
    clientId: client_id,
    clientSecret: client_secret,
  },
});
const users = client.getEntitySet("Users");
const named = client.newFilter().field("userName").eqString("jdoe");
const [found] = await users.query(named);
const options = client.newOptions().select(["userName"]).orderby("userName", "asc").top(2);
const ordered = await users.query(options);
const batch = await client.execBatchRequests([
  client.newBatchRequest({ collection: "Domains" }),
  client.newBatchRequest({ collection: "Users", params: client.newOptions().filter(named) }),
]);
const json = await client.execBatchRequestsJson([
  client.newBatchRequest({ collection: "Domains" }),
]);
const refused = await users.query(client.newOptions().filter("nothing eq 1")).catch(String);
process.stdout.write(
  JSON.stringify({
    read: (await users.retrieve(user_id)).userName,
    found: found.userName,
    ordered: ordered.map((user) => user.userName),
    count: await users.count(),
    batch: await Promise.all(batch.map(async (answer) => (await answer.json()).value.length)),
    json: (await json[0].json()).value[0].name,
    refused,
  }),
);
