/* memguardctl check: are the policy files right, and memguardd.conf? Needs no daemon. */
#include "conffiles.h"
#include "mainconf.h"
#include "ctl-json.h"
#include "ctl-text.h"
#include "ctl.h"

static inline void policy_set_freep(PolicySet **set) {
        (void) policy_set_free(*set);
}

static void print_mistakes(const ConfErrors *errors) {
        for (unsigned i = 0; i < errors->n_items; i++)
                ctl_text_print(stderr, "%s\n", errors->items[i].text);
        if (errors->n_dropped > 0)
                ctl_text_print(stderr, "%u further mistakes are not shown.\n", errors->n_dropped);
}

static int print_json(const PolicySet *set, const ConfErrors *errors) {
        _cleanup_(json_decrefp) json_t *all = NULL;
        json_t *files = json_array(), *texts = json_array();

        for (int i = 0; set && i < policy_set_n_files(set); i++)
                (void) json_array_append_new(files, json_string(policy_set_file(set, i)) ?: json_null());
        for (unsigned i = 0; i < errors->n_items; i++)
                (void) json_array_append_new(texts, json_string(errors->items[i].text) ?: json_null());
        all = json_pack("{s:o, s:o, s:I}", "files", files, "mistakes", texts, "mistakes_not_shown",
                        (json_int_t) errors->n_dropped);
        return all ? ctl_json_print(all, /* pretty= */ true) : -ENOMEM;
}

static CtlExit report(const Ctl *ctl, const PolicySet *set, const ConfErrors *errors) {
        int n_files = policy_set_n_files(set);
        bool right = errors->n_items == 0;

        if (ctl->json)
                (void) print_json(set, errors);
        else if (right)
                ctl_text_print(stdout, "OK: %d policy file%s, no mistakes.\n", n_files, n_files == 1 ? "" : "s");
        if (!right && !ctl->json)
                print_mistakes(errors);
        return right ? CTL_DONE : CTL_REFUSED;
}

CtlExit ctl_check(Ctl *ctl, char **arguments) {
        _cleanup_(policy_set_freep) PolicySet *set = NULL;
        _cleanup_(conf_errors_done) ConfErrors errors = {};
        DaemonConf conf;
        int r;

        (void) arguments;
        r = mainconf_load(ctl->root, &conf, &errors);
        if (r >= 0 || r == -EBADMSG)
                r = conffiles_load(ctl->root, &set, &errors);
        if (r >= 0 || r == -EBADMSG)
                r = policy_set_check(set, &errors);
        if (r < 0 && r != -EBADMSG) {
                ctl_text_complain("The policy files can't be read: %s.", strerror(-r));
                return CTL_REFUSED;
        }
        return report(ctl, set, &errors);
}
