import classes from './Person.module.css';

/** hue gives each person a colour of their own, the same in every browser. */
export function hue(id: string): number {
  let h = 0;
  for (let i = 0; i < id.length; i++) h = (h * 31 + id.charCodeAt(i)) % 360;
  return h;
}

export function initials(name: string): string {
  const words = name.trim().split(/\s+/);
  return ((words[0]?.[0] ?? '') + (words.length > 1 ? (words[words.length - 1]![0] ?? '') : '')).toUpperCase();
}

/** A person's initials in a circle, with the name beside it or as its label. */
export function Person({ id, name, bare = false, small = false }: { id: string; name: string; bare?: boolean; small?: boolean }) {
  return (
    <span className={classes.person}>
      <span
        className={classes.circle}
        data-small={small || undefined}
        style={{ '--hue': hue(id) } as React.CSSProperties}
        {...(bare ? { role: 'img', 'aria-label': name, title: name } : { 'aria-hidden': true })}
      >
        {initials(name)}
      </span>
      {!bare && <span className={classes.name}>{name}</span>}
    </span>
  );
}
