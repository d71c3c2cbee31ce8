/* See elfimage.h. */
#include <elf.h>

#include "elfimage.h"

#define HEADERS_MAX 64             /* program headers */
#define DYNAMIC_MAX 512            /* entries of the dynamic section; a large library has about 40 */
#define CHAIN_MAX 4096             /* symbols in one bucket; usually fewer than 10 */
#define RELOCATIONS_MAX (16 * MIB) /* libpython has 0.3 to 1 MiB of them */
#define NAME_MAX_BYTES 64          /* of a symbol that is asked for, NUL included */

static bool is_ours(const Elf64_Ehdr *header) {
        return memcmp(header->e_ident, ELFMAG, SELFMAG) == 0 && header->e_ident[EI_CLASS] == ELFCLASS64 &&
               header->e_ident[EI_DATA] == ELFDATA2LSB && (header->e_type == ET_EXEC || header->e_type == ET_DYN) &&
               (header->e_machine == EM_X86_64 || header->e_machine == EM_AARCH64) &&
               header->e_phentsize == sizeof(Elf64_Phdr);
}

static int add_load(ElfImage *image, const Elf64_Phdr *header) {
        if (image->n_loads >= ELF_LOADS_MAX)
                return -EBADMSG;
        if (header->p_vaddr > INT64_MAX || header->p_filesz > INT64_MAX || header->p_offset > INT64_MAX)
                return -EBADMSG;
        image->loads[image->n_loads++] = (ElfLoad){.address = header->p_vaddr,
                                                   .size = header->p_filesz,
                                                   .offset = header->p_offset,
                                                   .executable = header->p_flags & PF_X};
        return 0;
}

static int read_headers(ElfImage *image, const Elf64_Ehdr *header, uint64_t *ret_dynamic) {
        uint64_t dynamic = 0;
        Elf64_Phdr one;
        int r;

        if (header->e_phnum > HEADERS_MAX || header->e_phoff > INT64_MAX)
                return -EBADMSG;
        for (unsigned i = 0; i < header->e_phnum; i++) {
                r = image->read(image->userdata, header->e_phoff + i * sizeof(one), &one, sizeof(one));
                if (r < 0)
                        return r;
                r = one.p_type == PT_LOAD ? add_load(image, &one) : 0;
                if (r < 0)
                        return r;
                if (one.p_type == PT_DYNAMIC)
                        dynamic = one.p_vaddr;
        }
        *ret_dynamic = dynamic;
        return 0;
}

/* Where a tag of the dynamic section goes. */
static uint64_t *slot_of(ElfImage *image, int64_t tag) {
        switch (tag) {
        case DT_SYMTAB:
                return &image->symbols;
        case DT_STRTAB:
                return &image->strings;
        case DT_STRSZ:
                return &image->strings_size;
        case DT_GNU_HASH:
                return &image->gnu_hash;
        case DT_HASH:
                return &image->sysv_hash;
        case DT_RELA:
                return &image->relocations;
        case DT_RELASZ:
                return &image->relocations_size;
        default:
                return NULL;
        }
}

static int read_dynamic(ElfImage *image, uint64_t address) {
        Elf64_Dyn one;
        int r;

        for (unsigned i = 0; i < DYNAMIC_MAX; i++) {
                uint64_t *slot;

                r = elf_read(image, address + i * sizeof(one), &one, sizeof(one));
                if (r < 0)
                        return r;
                if (one.d_tag == DT_NULL)
                        return 0;
                slot = slot_of(image, one.d_tag);
                if (slot)
                        *slot = one.d_un.d_val;
        }
        return -EBADMSG;
}

int elf_open(ElfImage *image, elf_read_t read, void *userdata) {
        Elf64_Ehdr header;
        uint64_t dynamic;
        int r;

        *image = (ElfImage){.read = read, .userdata = userdata};
        r = read(userdata, 0, &header, sizeof(header));
        if (r < 0)
                return r == -ENODATA ? -ENOEXEC : r;
        if (!is_ours(&header))
                return -ENOEXEC;
        image->machine = header.e_machine;
        r = read_headers(image, &header, &dynamic);
        if (r < 0)
                return r;
        return dynamic == 0 ? 0 : read_dynamic(image, dynamic);
}

int elf_offset(const ElfImage *image, uint64_t address, uint64_t n, bool executable, uint64_t *ret) {
        for (unsigned i = 0; i < image->n_loads; i++) {
                const ElfLoad *load = &image->loads[i];

                if (address < load->address || address - load->address >= load->size)
                        continue;
                if (n > load->size - (address - load->address) || (executable && !load->executable))
                        return -EFAULT;
                *ret = load->offset + (address - load->address);
                return 0;
        }
        return -EFAULT;
}

int elf_read(const ElfImage *image, uint64_t address, void *buf, size_t n) {
        uint64_t offset;
        int r;

        r = elf_offset(image, address, n, false, &offset);
        return r < 0 ? r : image->read(image->userdata, offset, buf, n);
}

/* A defined symbol with this index: 1, or 0 when it is another one. An empty name fits all. */
static int symbol_at(const ElfImage *image, uint64_t index, const char *name, ElfSymbol *ret) {
        size_t n = strlen(name) + 1;
        char found[NAME_MAX_BYTES];
        Elf64_Sym symbol;
        int r;

        assert(n <= sizeof(found));
        r = elf_read(image, image->symbols + index * sizeof(symbol), &symbol, sizeof(symbol));
        if (r < 0)
                return r;
        if (n > 1) {
                if (symbol.st_name >= image->strings_size || n > image->strings_size - symbol.st_name)
                        return 0;
                r = elf_read(image, image->strings + symbol.st_name, found, n);
                if (r < 0)
                        return r;
                if (memcmp(found, name, n) != 0)
                        return 0;
        }
        if (symbol.st_shndx == SHN_UNDEF)
                return 0;
        *ret = (ElfSymbol){.address = symbol.st_value, .size = symbol.st_size};
        return 1;
}

static int find_gnu(const ElfImage *image, const char *name, ElfSymbol *ret) {
        struct {
                uint32_t n_buckets, first, n_bloom, shift;
        } head;
        uint64_t buckets, chain;
        uint32_t hash = 5381, index, other;
        int r;

        for (const char *p = name; *p; p++)
                hash = hash * 33 + (uint8_t) *p;
        r = elf_read(image, image->gnu_hash, &head, sizeof(head));
        if (r < 0)
                return r;
        if (head.n_buckets == 0)
                return -ENOENT;
        buckets = image->gnu_hash + sizeof(head) + 8 * (uint64_t) head.n_bloom;
        chain = buckets + 4 * (uint64_t) head.n_buckets;
        r = elf_read(image, buckets + 4 * (uint64_t) (hash % head.n_buckets), &index, sizeof(index));
        if (r < 0)
                return r;
        if (index < head.first)
                return -ENOENT;
        for (unsigned i = 0; i < CHAIN_MAX; i++, index++) {
                r = elf_read(image, chain + 4 * (uint64_t) (index - head.first), &other, sizeof(other));
                if (r < 0)
                        return r;
                /* The lowest bit marks the end of the bucket. */
                r = (other | 1) == (hash | 1) ? symbol_at(image, index, name, ret) : 0;
                if (r != 0)
                        return r < 0 ? r : 0;
                if (other & 1)
                        return -ENOENT;
        }
        return -EBADMSG;
}

static uint32_t sysv_hash(const char *name) {
        uint32_t hash = 0, high;

        for (; *name; name++) {
                hash = (hash << 4) + (uint8_t) *name;
                high = hash & 0xf0000000;
                hash = (hash ^ (high >> 24)) & ~high;
        }
        return hash;
}

static int find_sysv(const ElfImage *image, const char *name, ElfSymbol *ret) {
        uint32_t head[2], index;
        uint64_t buckets = image->sysv_hash + sizeof(head);
        int r;

        r = elf_read(image, image->sysv_hash, head, sizeof(head));
        if (r < 0)
                return r;
        if (head[0] == 0)
                return -ENOENT;
        r = elf_read(image, buckets + 4 * (uint64_t) (sysv_hash(name) % head[0]), &index, sizeof(index));
        for (unsigned i = 0; r >= 0 && i < CHAIN_MAX; i++) {
                if (index == 0)
                        return -ENOENT;
                r = symbol_at(image, index, name, ret);
                if (r != 0)
                        return r < 0 ? r : 0;
                r = elf_read(image, buckets + 4 * ((uint64_t) head[0] + index), &index, sizeof(index));
        }
        return r < 0 ? r : -EBADMSG;
}

int elf_symbol(const ElfImage *image, const char *name, ElfSymbol *ret) {
        if (image->symbols == 0 || image->strings == 0)
                return -ENOENT;
        if (image->gnu_hash != 0)
                return find_gnu(image, name, ret);
        return image->sysv_hash != 0 ? find_sysv(image, name, ret) : -ENOENT;
}

/* What a relocation puts into its word; false for kinds that put no address there. */
static bool relocated(const ElfImage *image, const Elf64_Rela *rela, uint64_t *ret) {
        bool x86 = image->machine == EM_X86_64;
        uint64_t type = ELF64_R_TYPE(rela->r_info);
        ElfSymbol symbol;

        if (type == (x86 ? R_X86_64_RELATIVE : R_AARCH64_RELATIVE)) {
                *ret = (uint64_t) rela->r_addend;
                return true;
        }
        if (type != (x86 ? R_X86_64_64 : R_AARCH64_ABS64))
                return false;
        if (symbol_at(image, ELF64_R_SYM(rela->r_info), "", &symbol) <= 0)
                return false;
        *ret = symbol.address + (uint64_t) rela->r_addend;
        return true;
}

/* Relocations of the packed kind (DT_RELR) need no look: their addend is in the word itself. */
int elf_words(const ElfImage *image, const uint64_t *addresses, uint64_t *ret_values, unsigned n) {
        Elf64_Rela block[256];
        uint64_t left = image->relocations == 0 ? 0 : image->relocations_size / sizeof(block[0]);
        uint64_t at = image->relocations;
        int r;

        if (image->relocations_size > RELOCATIONS_MAX)
                return -E2BIG;
        for (unsigned i = 0; i < n; i++) {
                r = elf_read(image, addresses[i], &ret_values[i], sizeof(ret_values[i]));
                if (r == -EFAULT)
                        ret_values[i] = 0;
                else if (r < 0)
                        return r;
        }
        for (size_t count; left > 0; left -= count, at += count * sizeof(block[0])) {
                count = MIN(left, ELEMENTSOF(block));
                r = elf_read(image, at, block, count * sizeof(block[0]));
                if (r < 0)
                        return r;
                for (size_t i = 0; i < count; i++)
                        for (unsigned k = 0; k < n; k++)
                                if (block[i].r_offset == addresses[k])
                                        (void) relocated(image, &block[i], &ret_values[k]);
        }
        return 0;
}
