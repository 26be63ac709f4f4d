/**
 * What the kernel of an emulated machine is told. no_timer_check: on a busy host a timer may come too late for its taste. norandmaps: what QEMU has translated of a program it finds
 * again only where that lay before; else each process costs several times as much. mitigations=off: they are against other processors.
 */
export const EMULATED = "no_timer_check norandmaps mitigations=off";
