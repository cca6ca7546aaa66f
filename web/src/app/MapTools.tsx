import { IconButton } from "./IconButton";
import { colourBy, map, mapMode, picturesShown } from "./mapState";
import { resultRows, selection } from "./store";

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
          value={colourBy.value}
          data-testid="colour-by"
          onChange={(event) => (colourBy.value = event.currentTarget.value === "label" ? "label" : "group")}
        >
          <option value="group">group</option>
          <option value="label">label</option>
        </select>
      </label>
    </div>
  );
}
