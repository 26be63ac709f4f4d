// Started by iPXE under UEFI in wimboot's place: says with which arguments, and which files it finds beside it, with their SHA-256.
#include <efi.h>
#include <efilib.h>

static const UINT32 k[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

static UINT32 turned(UINT32 x, int n) { return x >> n | x << (32 - n); }

static void block(UINT32 state[8], const UINT8 *data) {
    UINT32 w[64], s[8];
    for (int i = 0; i < 16; i++) w[i] = (UINT32)data[4 * i] << 24 | data[4 * i + 1] << 16 | data[4 * i + 2] << 8 | data[4 * i + 3];
    for (int i = 16; i < 64; i++)
        w[i] = w[i - 16] + (turned(w[i - 15], 7) ^ turned(w[i - 15], 18) ^ w[i - 15] >> 3) + w[i - 7] + (turned(w[i - 2], 17) ^ turned(w[i - 2], 19) ^ w[i - 2] >> 10);
    for (int i = 0; i < 8; i++) s[i] = state[i];
    for (int i = 0; i < 64; i++) {
        UINT32 a = s[7] + (turned(s[4], 6) ^ turned(s[4], 11) ^ turned(s[4], 25)) + ((s[4] & s[5]) ^ (~s[4] & s[6])) + k[i] + w[i];
        UINT32 b = (turned(s[0], 2) ^ turned(s[0], 13) ^ turned(s[0], 22)) + ((s[0] & s[1]) ^ (s[0] & s[2]) ^ (s[1] & s[2]));
        for (int j = 7; j > 0; j--) s[j] = s[j - 1];
        s[4] += a;
        s[0] = a + b;
    }
    for (int i = 0; i < 8; i++) state[i] += s[i];
}

static UINT8 data[1 << 16];

/** Of a file of which `Read` gives whole buffers until its end. */
static void digest(EFI_FILE_HANDLE file, CHAR16 *name) {
    UINT32 state[8] = { 0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19 };
    UINT64 total = 0;
    UINTN size, at;
    for (;;) {
        size = sizeof data - 128;
        if (EFI_ERROR(uefi_call_wrapper(file->Read, 3, file, &size, data))) { Print(L"WIMBOOT cannot-read=%s\n", name); return; }
        total += size;
        for (at = 0; at + 64 <= size; at += 64) block(state, data + at);
        if (size < sizeof data - 128) break;
    }
    UINT8 *end = data + size;
    *end++ = 0x80;
    while ((end - data) % 64 != 56) *end++ = 0;
    for (int i = 7; i >= 0; i--) *end++ = total * 8 >> 8 * i;
    for (; data + at < end; at += 64) block(state, data + at);
    Print(L"WIMBOOT file=%s sha256=", name);
    for (int i = 0; i < 8; i++) Print(L"%08x", state[i]);
    Print(L"\n");
}

EFI_STATUS efi_main(EFI_HANDLE image, EFI_SYSTEM_TABLE *system) {
    static union { EFI_FILE_INFO file; UINT8 room[1024]; } info;
    EFI_LOADED_IMAGE *loaded;
    EFI_FILE_HANDLE root, file;
    InitializeLib(image, system);
    uefi_call_wrapper(BS->SetWatchdogTimer, 4, 0, 0, 0, NULL);
    if (EFI_ERROR(uefi_call_wrapper(BS->HandleProtocol, 3, image, &LoadedImageProtocol, (void **)&loaded))) return EFI_LOAD_ERROR;
    Print(L"\nWIMBOOT arguments=%s\n", loaded->LoadOptionsSize ? (CHAR16 *)loaded->LoadOptions : L"");
    root = LibOpenRoot(loaded->DeviceHandle);
    if (!root) { Print(L"WIMBOOT no-files\n"); return EFI_NOT_FOUND; }
    for (;;) {
        UINTN size = sizeof info;
        if (EFI_ERROR(uefi_call_wrapper(root->Read, 3, root, &size, &info)) || !size) break;
        if (EFI_ERROR(uefi_call_wrapper(root->Open, 5, root, &file, info.file.FileName, EFI_FILE_MODE_READ, 0))) { Print(L"WIMBOOT cannot-open=%s\n", info.file.FileName); continue; }
        digest(file, info.file.FileName);
        uefi_call_wrapper(file->Close, 1, file);
    }
    Print(L"WIMBOOT end\n");
    for (;;) uefi_call_wrapper(BS->Stall, 1, 1000000);
}
