// CSS as browsers have it: nesting, light-dark(), logical properties. (Mantine's preset would rewrite light-dark() into selectors that do not hold on :root.)
module.exports = { plugins: [] };
