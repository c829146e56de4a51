/** The address of a script that a worker runs (scripts/entry.ts). */
declare module '*?entry' {
  const address: string;
  export default address;
}
