import { groupOf, groupsByNumber } from "./store";

/** The colour of a group, square, or of a label, round. */
export function Swatch({ colour, round = false }: { colour: string | undefined; round?: boolean }) {
  return <span class={round ? "swatch round" : "swatch"} style={{ background: colour ?? "transparent" }} aria-hidden="true" />;
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
