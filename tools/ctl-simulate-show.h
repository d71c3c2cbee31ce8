/* What a simulation tells, for people and for programs. */
#pragma once

#include "ctl.h"
#include "ctl-archive.h"
#include "simulate.h"

typedef struct CtlSimulation {
        const Ctl *ctl;
        CtlQuery query; /* whose; all of it where nothing is set */
        uint64_t n_begins;
        bool failed;    /* something could not be printed */
} CtlSimulation;

/* The handler for SimulateOptions.tell; userdata is a CtlSimulation. */
void ctl_simulate_show(void *userdata, const SimulateItem *item);

/* The end: what it came to. */
void ctl_simulate_summary(CtlSimulation *shown, const Simulation *simulation);
