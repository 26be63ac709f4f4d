export type { BootMenuEntry as Entry, BootMenuInput as BootMenu } from "@pulumi-netboot/schema/filled";
