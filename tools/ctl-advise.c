#include "ctl.h"
CtlExit ctl_advise(Ctl *ctl, char **arguments) { (void) ctl, (void) arguments; return CTL_REFUSED; }
