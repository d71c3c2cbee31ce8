/* A tiny ELF file with what makes a CPython, to order: for tests where the real ones may be missing or are of one kind
 * only. */
#pragma once

#include <elf.h>
#include <stdio.h>
#include <string.h>

#include "util.h"

#define FAKE_TEXT 0x800 /* offsets in the file */
#define FAKE_NO_MEMORY (FAKE_TEXT + 0x00)
#define FAKE_INNER (FAKE_TEXT + 0x80)
#define FAKE_NEW (FAKE_TEXT + 0x100)
#define FAKE_BASE_NEW (FAKE_TEXT + 0x140)
#define FAKE_DATA 0xa00
#define FAKE_SIZE 0x1000

typedef struct FakeElf {
        uint16_t type, machine;
        bool inner, by_symbol, sysv, free_threaded, shared_new;
        uint32_t version;    /* 0 = no Py_Version */
        unsigned wrapper;    /* st_size of PyErr_NoMemory */
        const char *name;    /* of the type; NULL = "MemoryError" */
        const uint8_t *code; /* of PyErr_NoMemory */
        size_t code_size;
} FakeElf;

typedef struct FakeBuild {
        uint8_t *file;
        uint64_t base; /* addresses are this more than offsets */
        const FakeElf *want;
        unsigned n_symbols, strings, n_relocations;
} FakeBuild;

/* Where the parts are: the dynamic section, the hash table, symbols, their names, relocations. */
enum { FAKE_DYNAMIC = 0x100, FAKE_HASH = 0x200, FAKE_SYMBOLS = 0x300, FAKE_STRINGS = 0x500, FAKE_RELOCATIONS = 0x600 };

static inline unsigned fake_symbol(FakeBuild *build, const char *name, uint64_t offset, uint64_t size) {
        Elf64_Sym symbol = {
                .st_name = build->strings, .st_shndx = 1, .st_value = build->base + offset, .st_size = size};

        memcpy(build->file + FAKE_SYMBOLS + build->n_symbols * sizeof(symbol), &symbol, sizeof(symbol));
        strcpy((char *) build->file + FAKE_STRINGS + build->strings, name);
        build->strings += (unsigned) strlen(name) + 1;
        return build->n_symbols++;
}

/* The word at this offset becomes the address of that one: by a relocation where the file can be loaded anywhere. */
static inline void fake_pointer(FakeBuild *build, uint64_t at, uint64_t to, unsigned symbol) {
        bool x86 = build->want->machine == EM_X86_64;
        Elf64_Rela rela = {.r_offset = build->base + at,
                           .r_info = ELF64_R_INFO(0, x86 ? R_X86_64_RELATIVE : R_AARCH64_RELATIVE),
                           .r_addend = (int64_t) (build->base + to)};
        uint64_t address = build->base + to;

        if (build->want->type == ET_EXEC) {
                memcpy(build->file + at, &address, sizeof(address));
                return;
        }
        if (symbol > 0 && build->want->by_symbol) {
                rela.r_info = ELF64_R_INFO((uint64_t) symbol, x86 ? R_X86_64_64 : R_AARCH64_ABS64);
                rela.r_addend = 0;
        }
        memcpy(build->file + FAKE_RELOCATIONS + build->n_relocations++ * sizeof(rela), &rela, sizeof(rela));
}

static inline void fake_type(FakeBuild *build, uint64_t at, const char *name, uint64_t name_at, uint64_t new) {
        uint64_t more = build->want->free_threaded ? 0x10 : 0;

        strcpy((char *) build->file + name_at, name);
        fake_pointer(build, at + 0x18 + more, name_at, 0);
        fake_pointer(build, at + 0x138 + more, new, 0);
}

/* One bucket with all symbols in it. */
static inline void fake_hash(FakeBuild *build) {
        uint32_t *words = (uint32_t *) (void *) (build->file + FAKE_HASH);
        const Elf64_Sym *symbols = (const Elf64_Sym *) (const void *) (build->file + FAKE_SYMBOLS);

        if (build->want->sysv) {
                words[0] = 1;
                words[1] = build->n_symbols;
                words[2] = build->n_symbols - 1;
                for (uint32_t i = 1; i < build->n_symbols; i++)
                        words[3 + i] = i - 1;
                return;
        }
        words[0] = 1;
        words[1] = 1;
        words[2] = 1;
        words[6] = 1;
        for (unsigned i = 1; i < build->n_symbols; i++) {
                uint32_t hash = 5381;

                for (const char *p = (const char *) build->file + FAKE_STRINGS + symbols[i].st_name; *p; p++)
                        hash = hash * 33 + (uint8_t) *p;
                words[6 + i] = (hash & ~1U) | (i == build->n_symbols - 1);
        }
}

static inline void fake_headers(FakeBuild *build) {
        Elf64_Ehdr header = {.e_type = build->want->type,
                             .e_machine = build->want->machine,
                             .e_phoff = sizeof(header),
                             .e_phentsize = sizeof(Elf64_Phdr),
                             .e_phnum = 3};
        Elf64_Phdr loads[] = {
                {PT_LOAD, PF_R | PF_X, 0, build->base, 0, FAKE_DATA, FAKE_DATA, 0x1000},
                {PT_LOAD, PF_R | PF_W, FAKE_DATA, build->base + FAKE_DATA, 0, FAKE_SIZE - FAKE_DATA, 0x2000, 0x1000},
                {PT_DYNAMIC, PF_R, FAKE_DYNAMIC, build->base + FAKE_DYNAMIC, 0, 0x100, 0x100, 8},
        };
        Elf64_Dyn dynamic[] = {
                {DT_SYMTAB, {build->base + FAKE_SYMBOLS}},
                {DT_STRTAB, {build->base + FAKE_STRINGS}},
                {DT_STRSZ, {build->strings}},
                {build->want->sysv ? DT_HASH : DT_GNU_HASH, {build->base + FAKE_HASH}},
                {DT_RELA, {build->base + FAKE_RELOCATIONS}},
                {DT_RELASZ, {build->n_relocations * sizeof(Elf64_Rela)}},
                {DT_NULL, {0}},
        };

        memcpy(header.e_ident, ELFMAG, SELFMAG);
        header.e_ident[EI_CLASS] = ELFCLASS64;
        header.e_ident[EI_DATA] = ELFDATA2LSB;
        memcpy(build->file, &header, sizeof(header));
        memcpy(build->file + sizeof(header), loads, sizeof(loads));
        memcpy(build->file + FAKE_DYNAMIC, dynamic, sizeof(dynamic));
}

static inline void fake_elf(const FakeElf *want, uint8_t file[static FAKE_SIZE]) {
        FakeBuild build = {.file = file, .base = want->type == ET_EXEC ? 0x400000 : 0x1000, .want = want, .strings = 1};
        enum { MEMORY_ERROR = FAKE_DATA, EXCEPTION = FAKE_DATA + 0x180, POINTERS = FAKE_DATA + 0x400, NAMES = 0xf00 };
        unsigned type;

        memset(file, 0, FAKE_SIZE);
        build.n_symbols = 1;
        fake_symbol(&build, "PyErr_NoMemory", FAKE_NO_MEMORY, want->wrapper);
        if (want->inner)
                fake_symbol(&build, "_PyErr_NoMemory", FAKE_INNER, 0x34);
        fake_symbol(&build, "PyExc_MemoryError", POINTERS, 8);
        fake_symbol(&build, "PyExc_Exception", POINTERS + 8, 8);
        if (want->version)
                fake_symbol(&build, "Py_Version", POINTERS + 16, 8);
        type = fake_symbol(&build, "_PyExc_MemoryError", MEMORY_ERROR, 0x198);
        if (want->code)
                memcpy(file + FAKE_NO_MEMORY, want->code, want->code_size);
        memcpy(file + POINTERS + 16, &want->version, sizeof(want->version));
        fake_pointer(&build, POINTERS, MEMORY_ERROR, type);
        fake_pointer(&build, POINTERS + 8, EXCEPTION, 0);
        fake_type(&build, MEMORY_ERROR, want->name ? want->name : "MemoryError", NAMES,
                  want->shared_new ? FAKE_BASE_NEW : FAKE_NEW);
        fake_type(&build, EXCEPTION, "Exception", NAMES + 0x20, FAKE_BASE_NEW);
        fake_hash(&build);
        fake_headers(&build);
}
