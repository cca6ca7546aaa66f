import { count, percent } from "../../app/format";
import { estimates, teaching } from "../../app/teach";

const WIDTH = 100;
const HEIGHT = 32;

/** The estimates of this session from left to right, 0 at the bottom and 1 at the top, each with how sure it is. */
function Line() {
  const all = estimates.value;
  if (all.length < 2) return null;
  const x = (place: number) => (place / (all.length - 1)) * WIDTH;
  const y = (share: number) => (1 - share) * HEIGHT;
  const along = (of: (place: number) => number) => all.map((_, place) => `${x(place)},${y(of(place))}`);
  const band = [...along((place) => all[place]!.high), ...along((place) => all[place]!.low).reverse()];
  return (
    <svg class="teach-line" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" aria-hidden="true">
      <polygon class="band" points={band.join(" ")} />
      <polyline points={along((place) => all[place]!.value).join(" ")} />
    </svg>
  );
}

/** How often a name that was not given by hand would be right, by the labels so far. */
export function Estimate() {
  const answer = teaching.value;
  if (answer === null) return null;
  const { accuracy, labelled, left, compared } = answer;
  return (
    <section aria-labelledby="estimate-title" data-testid="teach-estimate" data-labels={accuracy?.labels ?? 0}>
      <h2 id="estimate-title">
        {accuracy === null ? "Accuracy: not known yet" : `Accuracy about ${percent(accuracy.value)}`}{" "}
        {accuracy !== null && (
          <span class="muted">
            between {percent(accuracy.low)} and {percent(accuracy.high)}
          </span>
        )}
      </h2>
      <Line />
      <p class="muted">
        {count(labelled)} named, {count(left)} left
        {compared < labelled + left && `; the next ones are chosen from ${count(compared)} of them`}
        {accuracy === null && ". It takes a few images of two names."}
      </p>
    </section>
  );
}
