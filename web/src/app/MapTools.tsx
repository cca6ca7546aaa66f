import { coloursOf, facets } from "./fields";
import { IconButton } from "./IconButton";
import { colourBy, map, mapMode, picturesShown } from "./mapState";
import type { FieldFacet } from "../data/types";
import { resultRows, selection } from "./store";

const FIELD = "field:"; // before the names of fields, one of which may be `group`
const isColoured = (facet: FieldFacet) => facet.name !== "label" && coloursOf(facet).length > 0;

function chosen(value: string): typeof colourBy.value {
  if (value.startsWith(FIELD)) return { field: value.slice(FIELD.length) };
  return value === "label" ? "label" : "group";
}

export function MapTools() {
  const lasso = mapMode.value === "lasso";
  const target = selection.value.length > 0 ? selection.value : resultRows.value;
  return (
    <div class="map-tools" role="toolbar" aria-label="Map">
      <IconButton
        icon="lasso"
        name="Lasso"
        word="Lasso"
        title="Draw around images to select them (L)"
        pressed={lasso}
        testid="lasso-toggle"
        onClick={() => (mapMode.value = lasso ? "pan" : "lasso")}
      />
      <IconButton
        icon="image"
        name="Pictures"
        word="Pictures"
        title="Show pictures (I)"
        pressed={picturesShown.value}
        testid="pictures-toggle"
        onClick={() => (picturesShown.value = !picturesShown.value)}
      />
      <IconButton
        icon="search"
        name="Zoom to selection"
        word="Zoom to selection"
        disabled={target.length === 0}
        testid="zoom-selection"
        onClick={() => map.value?.zoomTo(target)}
      />
      <IconButton icon="reset" name="Whole map" word="Whole map" testid="map-reset" onClick={() => map.value?.reset()} />
      <label class="tool-select">
        Colour by
        <select
          value={typeof colourBy.value === "string" ? colourBy.value : FIELD + colourBy.value.field}
          data-testid="colour-by"
          onChange={(event) => (colourBy.value = chosen(event.currentTarget.value))}
        >
          <option value="group">group</option>
          <option value="label">label</option>
          {facets.value.filter(isColoured).map(({ name }) => (
            <option key={name} value={FIELD + name}>
              {name}
            </option>
          ))}
        </select>
      </label>
    </div>
  );
}
