using BlazeGateway.Configuration.Options;

namespace BlazeGateway.Api;

/// <summary>The front door of the admin plane.</summary>
internal static class AdminApiExtensions
{
    /// <summary>
    /// Registers the admin plane. The host also registers <see cref="AdminPorts"/>, the metrics registry, a <see cref="TimeProvider"/> and the reverse proxy.
    /// </summary>
    public static IServiceCollection AddAdminApi(this IServiceCollection services, AdminOptions options) => services
        .AddSingleton(options)
        .AddSingleton<Readiness>()
        .AddSingleton<StatusPage>()
        .AddSingleton<AdminApi>();

    /// <summary>Ends the branch of the admin listener: everything that comes here is answered.</summary>
    public static void UseAdminApi(this IApplicationBuilder branch) => branch.Run(branch.ApplicationServices.GetRequiredService<AdminApi>().InvokeAsync);
}
