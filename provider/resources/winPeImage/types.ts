import type { WinPeImageInput } from "@pulumi-netboot/schema/filled";

export type { WinPeImageInput as WinPeImage } from "@pulumi-netboot/schema/filled";

export type Wimboot = WinPeImageInput["wimboot"];
/** Where the three files are: in a directory, whose files the SDK has looked at, or in an ISO image, which the master takes apart. */
export type Source = WinPeImageInput["source"];
export type Drivers = WinPeImageInput["drivers"][number];
export type DriverFile = NonNullable<Drivers["files"]>[number];
