import { facets } from "../../app/fields";
import { count } from "../../app/format";
import type { FieldFacet } from "../../data/types";
import { ChoiceFacet } from "./ChoiceFacet";
import { RangeFacet } from "./RangeFacet";

function Facet({ facet }: { facet: FieldFacet }) {
  const { name, images, values, bins } = facet;
  return (
    <details class="side-section facet" open data-testid="facet" data-name={name}>
      <summary>
        {name} <span class="count">{count(images)}</span>
      </summary>
      {values.length > 0 && <ChoiceFacet facet={facet} />}
      {bins.length > 0 && <RangeFacet facet={facet} />}
    </details>
  );
}

/** A section for each field that images have values in. */
export function Facets() {
  return (
    <>
      {facets.value
        .filter(({ values, bins }) => values.length + bins.length > 0)
        .map((facet) => (
          <Facet key={facet.name} facet={facet} />
        ))}
    </>
  );
}
