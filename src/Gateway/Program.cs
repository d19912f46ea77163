using BlazeGateway.CommandLine;

return await BlazeCommands.InvokeAsync(args);
