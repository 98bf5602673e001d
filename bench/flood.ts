/** A process that sends the same sign-in so many times at once, whenever it is told to, and reports the statuses. */
import http from 'node:http';

interface Flood {
  url: string;
  times: number;
  account: object;
}

const agent = new http.Agent({ keepAlive: true });

function signIn({ url, account }: Flood): Promise<number> {
  const payload = JSON.stringify(account);
  const headers = { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(payload) };
  return new Promise((resolve, reject) => {
    const request = http.request(
      `${url}/api/v1/auth/login`,
      { method: 'POST', agent, headers },
      (response) => {
        response.resume();
        response.on('end', () => {
          resolve(response.statusCode ?? 0);
        });
      },
    );
    request.on('error', reject);
    request.end(payload);
  });
}

process.on('message', (flood: Flood) => {
  void Promise.all(Array.from({ length: flood.times }, () => signIn(flood))).then((statuses) =>
    process.send?.(statuses),
  );
});
