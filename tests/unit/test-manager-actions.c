/* What a dry run spends of the restart budgets is not written down, so that it counts for no daemon after it */
#include "temproot.h"

#include "manager.h"

static void test_only_what_was_done_is_spent(void **state) {
        static const Action spend = {.kind = ACTION_SPEND};
        TempRoot root;

        (void) state;
        temproot_open(&root);
        temproot_mkdir(&root, "state");
        for (unsigned dry = 0; dry < 2; dry++) {
                Manager *manager = calloc(1, sizeof(*manager));

                assert_non_null(manager);
                manager->options.dry_run = dry;
                manager->state_fd = open(temproot_path(&root, "state"), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
                assert_true(manager->state_fd >= 0);
                assert_int_equal(engine_new(&manager->engine), 0);
                manager_carry_out(manager, &spend);
                assert_int_equal(unlinkat(manager->state_fd, "budgets", 0) == 0, !dry);
                engine_free(manager->engine);
                (void) close(manager->state_fd);
                free(manager);
        }
        temproot_close(&root);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_only_what_was_done_is_spent),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
