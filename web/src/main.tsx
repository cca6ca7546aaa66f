import { render } from "preact";
import { App } from "./app/App";
import { load } from "./app/edits";
import { followColours, followFields } from "./app/fields";
import { followFilter } from "./app/search";
import { followJob } from "./app/jobs";
import { followKeys } from "./app/keys";
import { source } from "./app/store";
import { followTeaching } from "./app/teach";
import "./style.css";

followFilter();
followKeys();
followTeaching();
followFields();
followColours();
if (source.editable) followJob();
render(<App />, document.getElementById("app") as HTMLElement);
void load();
