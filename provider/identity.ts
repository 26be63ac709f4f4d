/** What tells one machine from another: MAC address, SMBIOS UUID, serial number; and what firmware vendors leave in their place. */

/** Lower case with colons, from the ways in which MACs are written: colons, hyphens, Cisco's dots, nothing. */
export function canonicalMac(text: string): string {
  const hex = text.toLowerCase();
  const bare = /^([0-9a-f]{2}([:-]?))([0-9a-f]{2}\2){4}[0-9a-f]{2}$/.test(hex) || /^([0-9a-f]{4}\.){2}[0-9a-f]{4}$/.test(hex);
  return bare ? hex.replace(/[:.-]/g, "").replace(/..(?!$)/g, "$&:") : text;
}

/** The first octets of MACs, in the form of `canonicalMac`. */
export function canonicalMacPrefix(text: string): string {
  const hex = text.toLowerCase();
  return /^[0-9a-f]{2}(?:([:-]?)[0-9a-f]{2}(?:\1[0-9a-f]{2}){0,3})?$/.test(hex) ? hex.replace(/[:-]/g, "").replace(/..(?!$)/g, "$&:") : text;
}

/** As iPXE prints `${uuid}`: lower case with hyphens. */
export const canonicalUuid = (text: string) => text.replace(/^\{(.*)\}$/, "$1").toLowerCase();

/** MACs that thousands of machines share: examples, drivers' fallbacks, unprogrammed EEPROMs, USB dongles cloned at the factory. */
const SHARED_MACS = new Set([
  "12:34:56:78:9a:bc", "12:34:56:78:90:ab", "01:23:45:67:89:ab", "00:01:02:03:04:05", "00:11:22:33:44:55", "aa:bb:cc:dd:ee:ff", "de:ad:be:ef:00:00",
  "88:88:88:88:87:88", "00:e0:4c:68:00:01", "00:e0:4c:36:00:01", "02:00:00:00:00:00", "00:0c:43:26:60:00", "44:45:53:54:00:00", "00:0f:fe:00:00:00",
]);

/** What is wrong with a well-formed MAC, as the end of a sentence; nothing if it can be one machine's. */
export function macFault(mac: string): string | undefined {
  const bytes = mac.split(":").map((pair) => parseInt(pair, 16));
  if (bytes.every((b) => b === 0)) return "which is what an unprogrammed network card reports";
  if (bytes.every((b) => b === 255)) return "which is the broadcast address";
  // IEEE 802: the lowest bit of the first byte marks a group address; no card has one.
  if (bytes[0]! & 1) return "which is a multicast address that no network card has";
  if (SHARED_MACS.has(mac) || new Set(bytes).size === 1) return "which is a placeholder that many cards report";
  return undefined;
}

/** Serials as vendors ship them when nobody filled them in; compared without case, spaces and punctuation. */
const FILLER_SERIALS = new Set([
  "tobefilledbyoem", "defaultstring", "systemserialnumber", "serialnumber", "none", "na", "null", "notspecified", "notavailable", "notapplicable",
  "invalid", "unknown", "empty", "oem", "chassisserialnumber", "baseboardserialnumber", "mbserialnumber", "systemname", "defaultvalue", "notset", "undefined",
  "tobefilled", "filledbyoem", "sernum0", "123456789", "1234567890", "0123456789", "12345678", "1234567", "123456", "xxxxxxx", "test", "ssn12345678901234567",
]);

export function serialFault(serial: string): string | undefined {
  const plain = serial.toLowerCase().replace(/[^a-z0-9]/g, "");
  if (plain === "" || /^(.)\1*$/.test(plain) || FILLER_SERIALS.has(plain)) return "which is filler that a vendor left in many machines";
  return undefined;
}

const FILLER_UUIDS = new Set([
  "03000200-0400-0500-0006-000700080009", "00020003-0004-0005-0006-000700080009", "12345678-1234-5678-90ab-cddeefaabbcc", "12345678-1234-1234-1234-123456789abc",
  "12345678-90ab-cdef-1234-567890abcdef", "01234567-89ab-cdef-0123-456789abcdef", "00010203-0405-0607-0809-0a0b0c0d0e0f", "fefefefe-fefe-fefe-fefe-fefefefefefe", "ffffff00-ffff-ffff-ffff-ffffffffffff",
]);

export function uuidFault(uuid: string): string | undefined {
  const digits = uuid.replace(/-/g, "");
  if (/^(.)\1*$/.test(digits) || FILLER_UUIDS.has(uuid)) return "which is filler that a vendor left in many machines";
  return undefined;
}

/**
 * How iPXE's `${serial:hexraw}` writes a serial, and so its file's name. Not `uristring`, whose escapes differ between versions of
 * iPXE: that of Debian 12 leaves `/` and brackets as they are.
 */
export const encodedSerial = (serial: string) => Array.from(serial, (c) => c.charCodeAt(0).toString(16).padStart(2, "0")).join("");
