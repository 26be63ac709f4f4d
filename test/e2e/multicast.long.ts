import { multicast } from "./multicast.ts";

// Five parts, the last but one of them zeros. The late one has the image by unicast: that leaves less than one image more for the other two.
multicast({ together: ["one", "two", "dying"], late: "late", size: 288, noise: [[64, 12], [130, 12], [190, 2], [262, 14]], times: 2.6 });
