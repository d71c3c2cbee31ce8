/* An incident as a readable block. */
#pragma once

#include "ctl-incident.h"

/* advice: what the catalog says of it; NULL when it says nothing. */
void ctl_explain_show(const CtlIncident *incident, const CtlSteps *steps, const char *advice);

/* How many others the unit had, and since when. */
void ctl_explain_further(const CtlIncident *incident, size_t n, bool at_least, uint64_t since);
