import { campaign } from "./campaign.ts";

campaign(8);
