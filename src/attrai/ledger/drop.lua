-- Free the slot of a job whose ticket can't be read. Its message may still be under way.

free_slot(ARGV[1])
