/* What the Python modules of a unit say, as a{sv}. */
#include "api-priv.h"
#include "growth-source.h"

static int put_numbers(sd_bus_message *m, const ModuleBeat *all) {
        const struct {
                const char *key;
                uint64_t value;
        } numbers[] = {
                {"module_items", all->items},         {"module_queue", all->queue}, {"module_cache", all->cache},
                {"module_blocks", all->blocks},       {"module_native_used", all->used},
                {"module_native_unused", all->unused}, {"module_traced", all->traced},
        };

        for (size_t i = 0; i < ELEMENTSOF(numbers); i++) {
                int r = numbers[i].value == BYTES_INFINITY ? 0 : api_put_u64(m, numbers[i].key, numbers[i].value);

                if (r < 0)
                        return r;
        }
        return 0;
}

static int put_heap(Api *api, sd_bus_message *m, const HeapHistory *heap) {
        char text[GROWTH_SOURCE_TEXT_MAX];
        GrowthSource source;
        ModuleBeat all;
        usec_t now;
        int r;

        r = sd_event_now(api->event, CLOCK_BOOTTIME, &now);
        if (r < 0)
                return r;
        (void) heap_totals(heap, now, &all);
        r = put_numbers(m, &all);
        if (r < 0)
                return r;
        growth_source_judge(heap, &source);
        r = api_put_text(m, "growth_source", growth_source_name(source.kind));
        if (r < 0)
                return r;
        return api_put_text(m, "growth_source_text", growth_source_sentence(&source, text));
}

int api_put_module(Api *api, sd_bus_message *m, const UnitView *view) {
        const ApiHandlers *handlers = &api->handlers;
        ModuleView module;
        unsigned n = handlers->module ? handlers->module(handlers->userdata, view->path, &module) : 0;
        int r;

        if (n > 0) {
                r = sd_bus_message_append(m, "{sv}{sv}{sv}", "module_processes", "u", n, "module_pid", "u",
                                          (uint32_t) module.pid, "module_errors", "t", module.n_errors);
                if (r < 0)
                        return r;
                r = api_put_text(m, "module_python", module.python);
                if (r < 0)
                        return r;
                r = api_put_text(m, "module_version", module.module);
                if (r < 0)
                        return r;
        }
        return view->heap ? put_heap(api, m, view->heap) : 0;
}
