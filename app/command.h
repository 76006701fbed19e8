/* The subcommands; main.c lists them.
 *
 * Threads: main thread. */
#ifndef WHEREFROM_COMMAND_H
#define WHEREFROM_COMMAND_H

/* Exit codes (INTERFACE.md section 2). */
enum exit_code { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_USAGE = 2, EXIT_REJECTS = 3 };

struct command {
    const char *name;
    const char *synopsis; /* behind the name */
    const char *help;
    /* argv without program and command name; returns the exit code. */
    int (*run)(int argc, char **argv);
};

int command_run(int argc, char **argv);
int command_replay(int argc, char **argv);
int command_residency(int argc, char **argv);
int command_report(int argc, char **argv);
int command_check(int argc, char **argv);
int command_resolve(int argc, char **argv);
int command_formats(int argc, char **argv);
int command_template(int argc, char **argv);
int command_setup(int argc, char **argv);
int command_top(int argc, char **argv);
int command_version(int argc, char **argv);

/* Prints the options table of `run` as Markdown: what the README's table is checked against. */
void command_run_print_markdown(void);
void command_formats_print_markdown(void);

#endif
