// What every contestant records: traces of ten spans, each with seven attributes and its context written as headers.

export const SPANS = 10;

/** The attributes of one span: what an instrumented request has. */
export const attributes = (i) => ({
  'http.request.method': 'GET',
  'url.full': `https://shop.example/api/items/${i}`,
  'server.address': 'shop.example',
  'server.port': 443,
  'http.response.status_code': 200,
  'http.response.body.size': 1200 + (i % 977),
  'app.cached': i % 3 === 0,
});

/** Headers go to the request; here they only have to be made. */
export const sent = { headers: {}, count: 0 };
export const send = (headers) => {
  sent.headers = headers;
  sent.count++;
};
