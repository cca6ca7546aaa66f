import { computed, effect } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { createMap } from "../map";
import { colouring } from "./fields";
import { openImage } from "./search";
import { HoverCard } from "./HoverCard";
import { hovered, map, mapMode, mapTrouble, picturesShown } from "./mapState";
import { MapTools } from "./MapTools";
import { select } from "./selectionActions";
import { collection, isFiltered, points, resultRows, results, selection, shown, source, view } from "./store";
import { dark } from "./theme";

function make(element: HTMLElement): () => void {
  try {
    map.value = createMap(element, {
      source,
      dark: dark.peek(),
      onHover: (row, at) => {
        const { clientWidth: width, clientHeight: height } = element;
        hovered.value = row === null || at === null ? null : { row, ...at, width, height };
      },
      onOpen: (row) => openImage(row, shown.peek()),
      onSelect: (rows) => select(rows),
    });
  } catch (error) {
    mapTrouble.value = error instanceof Error ? error.message : String(error);
  }
  // Labels given one after the other are drawn once, when the map is looked at again.
  const isTeaching = computed(() => view.value === "teach");
  const ends = [
    effect(() => {
      if (isTeaching.value) return;
      const { groups = [], labels = [] } = collection.value ?? {};
      if (points.value !== null) void map.value?.setData(points.value, groups, labels);
    }),
    effect(() => map.value?.setSelection(selection.value.length > 0 ? selection.value : resultRows.value)),
    effect(() => map.value?.setShown(isFiltered.value ? shown.value : null)),
    effect(() => map.value?.setColourBy(colouring.value)),
    effect(() => map.value?.setDark(dark.value)),
    effect(() => map.value?.setMode(mapMode.value)),
    effect(() => map.value?.showPictures(picturesShown.value)),
  ];
  return () => {
    for (const end of ends) end();
    map.value?.destroy();
    map.value = null;
  };
}

/** Stays mounted while other views are shown, so that the camera stays where it was. */
export function MapPane() {
  const element = useRef<HTMLDivElement>(null);
  useEffect(() => make(element.current as HTMLDivElement), []);
  const near = results.value;
  return (
    <section class={view.value === "map" ? "map-pane" : "map-pane away"} aria-label="Map">
      <div class="map" ref={element} data-testid="map" />
      {mapTrouble.value !== null && (
        <p class="empty">
          The map cannot be drawn in this browser ({mapTrouble.value}). The grid and the table show the same images.
        </p>
      )}
      <MapTools />
      {near !== null && (
        <p class="map-note">
          {near.title}: outlined{" "}
          <button type="button" class="link" onClick={() => (view.value = "results")}>
            Back to the results
          </button>
        </p>
      )}
      <HoverCard />
    </section>
  );
}
