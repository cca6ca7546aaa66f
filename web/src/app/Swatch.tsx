import { groupOf, groupsByNumber } from "./store";

export function Swatch({ colour }: { colour: string | undefined }) {
  return <span class="swatch" style={{ background: colour ?? "transparent" }} aria-hidden="true" />;
}

/** The group an image is in, by colour and by name. */
export function GroupName({ row, group }: { row?: number; group?: number | null }) {
  const of = row === undefined ? groupsByNumber.value.get(group ?? -1) : groupOf(row);
  if (of === undefined) return <span class="muted">no group</span>;
  return (
    <span class="group-name">
      <Swatch colour={of.colour} />
      <span class="cut">{of.name}</span>
    </span>
  );
}
